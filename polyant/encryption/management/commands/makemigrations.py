from django.core.checks import Tags
from django.core.management.commands import makemigrations


class Command(makemigrations.Command):
    """``makemigrations`` for a build that has no key: only the checks that need none."""

    requires_system_checks = [Tags.models, Tags.database, Tags.urls, Tags.templates]  # noqa: RUF012
