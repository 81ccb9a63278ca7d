"""URL converters: a part that cannot be a valid name gives 404."""

from django.urls import register_converter
from django.urls.converters import StringConverter

from instances.models import SLUG_MAX_LENGTH, SLUG_PATTERN


class SlugConverter(StringConverter):
    """``[a-z0-9]([a-z0-9_-]*[a-z0-9])?``, at most 100 characters."""

    # `$` would match before a line break, which the slug itself does not take.
    regex = rf"(?=[^/]{{1,{SLUG_MAX_LENGTH}}}(?:/|$)){SLUG_PATTERN}"


class UsernameConverter(StringConverter):
    """What Django allows in a username."""

    regex = r"[\w.@+-]{1,150}"


register_converter(UsernameConverter, "username")
register_converter(SlugConverter, "instance_slug")
