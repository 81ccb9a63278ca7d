import os
import shlex
import sys
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.http.request import split_domain_port, validate_host

from instances import first_start
from polyant import serving
from polyant.exceptions import Conflict
from polyant.exclusive import alone
from polyant.keys import require_keys

_PASSWORD = """
Sign in at {admin} as {username} with the password {password}
It is shown this once.
"""

# A token is made when it is wanted, so that none is left in a terminal's log.
_CURL = """
In another terminal:

    export TOKEN=$({manage} create_token {username})
    curl -s {url}/api/instances/{slug}/secrets -H "Authorization: Bearer $TOKEN"{headers}
"""


class Command(BaseCommand):
    help = (
        "Prepare a start: migrate, collect static files, and where there are none make a first"
        " superuser (INITIAL_ADMIN_USERNAME, INITIAL_ADMIN_PASSWORD) and a demo instance."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        where = serving.address()
        require_keys()
        try:
            first_start.prepare()
            # Printed before the commit, so that no superuser has a password that nobody has seen.
            with alone(connection), transaction.atomic():
                self._report(first_start.establish(), where.url)
        except Conflict as error:
            raise CommandError(str(error)) from None

    def _report(self, start: first_start.Start, url: str) -> None:
        words = {"url": url, "slug": start.slug, "username": shlex.quote(start.username)}
        words["headers"] = _headers(urlsplit(url).netloc)
        words["admin"] = "/admin/ of its own address" if words["headers"] else f"{url}/admin/"
        if start.password is not None:
            self.stdout.write(_PASSWORD.format(password=start.password, **words))
        if settings.BEHIND_PROXY or not settings.HTTPS:  # else no line works, as `serve` says
            self.stdout.write(_CURL.format(manage=_manage(), **words))
        self.stdout.flush()


def _headers(netloc: str) -> str:
    """The headers that a proxy would set or keep, for a curl line that goes past it."""
    headers = ["X-Forwarded-Proto: https"] if settings.HTTPS else []
    if not validate_host(split_domain_port(netloc)[0], settings.ALLOWED_HOSTS):
        headers.append(f"Host: {settings.ALLOWED_HOSTS[0].removeprefix('.')}")
    return "".join(f' -H "{header}"' for header in headers)


def _manage() -> str:
    """`manage.py` as it is called from this folder."""
    python = os.path.relpath(sys.executable)
    return f"{sys.executable if python.startswith('..') else python} {shlex.quote(sys.argv[0])}"
