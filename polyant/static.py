"""Which static files of the apps are collected."""

from collections.abc import Iterable
from typing import Any

from django.contrib.staticfiles.finders import AppDirectoriesFinder

# No page asks for these: Redoc, which would load from other sites, and DRF's browsable API.
_UNUSED = ("drf_spectacular_sidecar/redoc/*", "rest_framework/*")


class StaticFilesFinder(AppDirectoriesFinder):
    """Django's finder, without what no page asks for."""

    def list(self, ignore_patterns: Iterable[str] | None) -> Any:
        return super().list([*(ignore_patterns or ()), *_UNUSED])
