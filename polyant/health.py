"""``/health`` and ``/health/ready``: is the process there, and may it be given traffic?"""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from drf_spectacular.utils import extend_schema
from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from polyant.database import is_behind
from polyant.encryption.conf import get_keyring
from polyant.encryption.inventory import MALFORMED, rows_per_key, total, unknown_keys
from polyant.encryption.reports import in_words

# To count is a walk over every row, and anyone may ask: the figures are kept for a while.
FIGURES_SECONDS = 5


class Health(serializers.Serializer[Any]):
    status = serializers.CharField()
    timestamp = serializers.DateTimeField()
    service = serializers.CharField()


class Readiness(serializers.Serializer[Any]):
    status = serializers.CharField()
    database = serializers.CharField()
    migrations = serializers.CharField()
    encryptionKey = serializers.CharField()


class HealthView(APIView):
    authentication_classes = ()
    permission_classes = (permissions.AllowAny,)

    @extend_schema(responses=Health, auth=[])
    def get(self, request: Request) -> Response:
        """The process answers. Touches nothing else, not even the database."""
        return Response({"status": "ok", "timestamp": datetime.now(UTC), "service": "polyant"})


class ReadyView(APIView):
    authentication_classes = ()
    permission_classes = (permissions.AllowAny,)

    @extend_schema(responses={200: Readiness, 503: Readiness}, auth=[])
    def get(self, request: Request) -> Response:
        """The state of the database, the migrations and the encryption key; 503 if one is bad.

        Keys that rows need and that are not here are named, and damaged rows are counted. It is
        503 when such rows are the greater part: one lost row is no reason to turn every caller
        away, a wrong key is.
        """
        words, is_ready = _examine()
        status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        return Response({"status": "ok" if is_ready else "unavailable", **words}, status)


def _examine() -> tuple[dict[str, str], bool]:
    try:
        executor = MigrationExecutor(connection)
        if is_behind(executor):
            return _words("ok", "pending: run manage.py migrate", "unknown"), False
        asked = ".".join(["readiness", *get_keyring().key_ids])
        figures = cache.get(asked)
        if figures is None:
            figures = _key_word()
            cache.set(asked, figures, FIGURES_SECONDS)
        word, has_key = figures
    except DatabaseError:
        return _words("does not answer", "unknown", "unknown"), False
    return _words("ok", "ok", word), has_key


def _words(database: str, migrations: str, key: str) -> dict[str, str]:
    return {"database": database, "migrations": migrations, "encryptionKey": key}


def _key_word() -> tuple[str, bool]:
    stored = rows_per_key()
    unknown, damaged = unknown_keys(stored), total(stored)[MALFORMED]
    needs = ", ".join(f"{key_id} ({in_words(rows)})" for key_id, rows in sorted(unknown.items()))
    words = [f"needs key {needs}"] if unknown else []
    words += [f"{in_words(damaged)} without a ciphertext"] if damaged else []
    is_usable = 2 * (unknown.total() + damaged) <= total(stored).total()
    return "; ".join(words) or "ok", is_usable
