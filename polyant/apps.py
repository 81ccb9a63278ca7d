"""The admin, whose pages are not loaded before they are needed."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class AdminConfig(SimpleAdminConfig):
    """Django's admin; its pages are loaded with the addresses (``polyant.urls``).

    The pages and what they import are nearly half of what the project loads, and a command that
    runs a program with secrets or changes a key shows none of them. Until the addresses are loaded
    ``admin.site`` is empty, also in a shell: ``import polyant.urls`` fills it.
    """

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_pages, checks.Tags.admin)


def check_pages(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[checks.CheckMessage]:
    """Django's checks of the admin, with its pages loaded: else there would be none to check."""
    autodiscover()
    found: list[checks.CheckMessage] = check_admin_app(app_configs, **options)
    return found
