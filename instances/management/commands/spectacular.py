from django.core.checks import Tags
from drf_spectacular.management.commands import spectacular


class Command(spectacular.Command):
    """``spectacular`` for a build that has no key: only the checks that need none."""

    requires_system_checks = (Tags.models, Tags.urls, Tags.templates)
