"""Which files of the apps are static files of ours."""

from collections.abc import Iterable
from typing import Any

from django.contrib.staticfiles.finders import AppDirectoriesFinder

# What no page asks for: Redoc, which would call out, and Django REST framework's browsable API.
_UNUSED = ("drf_spectacular_sidecar/redoc/*", "rest_framework/*")


class StaticFilesFinder(AppDirectoriesFinder):
    """Django's, without what no page asks for."""

    def list(self, ignore_patterns: Iterable[str] | None) -> Any:
        return super().list([*(ignore_patterns or ()), *_UNUSED])
