from django.core.checks import Tags
from drf_spectacular.management.commands import spectacular


class Command(spectacular.Command):
    """``spectacular`` for a build that has no key: every check but the keys'."""

    requires_system_checks = (Tags.models, Tags.urls, Tags.templates)
