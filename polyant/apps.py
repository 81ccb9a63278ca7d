"""The admin without its pages, until somebody asks for one."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class AdminConfig(SimpleAdminConfig):
    """Django's admin; its pages are loaded with the addresses (``polyant.urls``).

    They and what they need are nearly half of what the project loads, and a command that runs a
    program with secrets or changes a key shows none of them. Until then ``admin.site`` is empty,
    also in a shell: ``import polyant.urls`` fills it.
    """

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_pages, checks.Tags.admin)


def check_pages(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[checks.CheckMessage]:
    """Django's checks of the admin, which without its pages would look at nothing."""
    autodiscover()
    found: list[checks.CheckMessage] = check_admin_app(app_configs, **options)
    return found
