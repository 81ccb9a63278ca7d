import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connections

from polyant import database, loading, serving
from polyant.keys import require_keys


class Command(BaseCommand):
    help = "Serve on HOST:PORT (localhost:4000) with WORKERS processes of THREADS threads (2 × 4)."
    requires_system_checks = ()  # `handle` runs them, after one line about a bad key

    def handle(self, *args: Any, **options: Any) -> None:
        serving.stop_quietly()
        require_keys()
        loading.begin()
        self.check(databases=["default"])  # a check of the database, too: do rows need another key?
        loading.end()  # the checks have loaded the pages, and the workers share them
        self._warn_of_database()
        connections.close_all()  # none may be shared with the worker processes
        self._warn_of_missing_files()
        self._warn_of_redirects()
        where = serving.address()
        serving.serve(where, lambda: self._say(f"Serving {where.url}; Ctrl-C stops it"))

    def _warn_of_database(self) -> None:
        """Only warn: the database may be started or migrated later, without a new start of this."""
        try:
            trouble = database.unprepared()
        except DatabaseError as error:
            trouble = f"The database of DATABASE_URL cannot be used: {database.reason(error)}"
        if trouble:
            self.stderr.write(f"{trouble}. Meanwhile the API answers 503.")

    def _warn_of_missing_files(self) -> None:
        """The API does without them, but every page of the admin and the docs would answer 500."""
        # Otherwise each worker would warn of this as well, with a path.
        warnings.filterwarnings("ignore", "No directory at", UserWarning)
        if not Path(settings.STATIC_ROOT, ManifestFilesMixin.manifest_name).exists():
            self.stderr.write(
                "No static files are collected, and no page works without them:"
                " run manage.py collectstatic --no-input, then start again."
            )

    def _warn_of_redirects(self) -> None:
        """The server speaks plain HTTP, so that without a trusted proxy it redirects everything."""
        if settings.HTTPS and not settings.BEHIND_PROXY:
            self.stderr.write(
                "HTTPS is on, but this server speaks plain HTTP, and redirects every request to"
                " HTTPS. Put a proxy in front that ends TLS, and set BEHIND_PROXY=1."
            )

    def _say(self, line: str) -> None:
        with suppress(BrokenPipeError):  # whoever started the server need not go on to read
            self.stdout.write(line)
            self.stdout.flush()
