"""The Encryption page of the admin, for superusers: ids and figures, and what to do next.

Keys are not shown, not even in part. Nothing is opened either: the stored text names the key that
it needs. A row that was damaged under a known key is found by ``check_encryption``, which opens
every one.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from polyant.encryption.conf import get_keyring
from polyant.encryption.fields import EncryptedField
from polyant.encryption.inventory import MALFORMED, rows_per_key, total, unknown_keys
from polyant.encryption.stored import all_encrypted_fields, owners, stored_rows

PRIMARY, FALLBACK, UNKNOWN = "primary", "fallback", "not configured"
NO_KEY = "none: damaged"
_MOST = 50


class Figure(NamedTuple):
    """How many rows of a table need a key, and whether that key is configured."""

    table: str
    key_id: str
    rows: int
    state: str


class Unopened(NamedTuple):
    """A row that no key here opens, by name."""

    table: str
    owner: str
    name: str


def encryption_page(request: HttpRequest) -> HttpResponse:
    """What is stored under which key, and the next step.

    Raises:
        PermissionDenied: the person is no superuser.
    """
    if not getattr(request.user, "is_superuser", False):
        raise PermissionDenied
    stored = rows_per_key()
    missing = unknown_keys(stored)
    figures = [
        Figure(table, key_id, rows, _state(key_id))
        for table, keys in stored.items()
        for key_id, rows in sorted(keys.items())
    ]
    damaged = total(stored)[MALFORMED]
    fields = all_encrypted_fields() if missing or damaged else []
    context = {
        **admin.site.each_context(request),
        "title": "Encryption",
        "figures": figures,
        "keys": [(key_id, _state(key_id)) for key_id in get_keyring().key_ids],
        "missing": sorted(missing.items()),
        "damaged": damaged,
        "unopened": [row for each in fields for row in _unopened(each)],
        "most": _MOST,
        "step": _next_step(figures),
    }
    return TemplateResponse(request, "encryption/page.html", context)


def _state(key_id: str) -> str:
    keyring = get_keyring()
    if key_id == MALFORMED:
        return NO_KEY
    if key_id == keyring.primary.key_id:
        return PRIMARY
    return FALLBACK if key_id in keyring.key_ids else UNKNOWN


def _next_step(figures: list[Figure]) -> str:
    """A word for the template: what an operator should do, the most urgent first."""
    states = {figure.state for figure in figures}
    if UNKNOWN in states:
        return "restore"
    if NO_KEY in states:
        return "mend"
    if FALLBACK in states:
        return "rotate"
    return "retire" if len(get_keyring().key_ids) > 1 else "nothing"


def _unopened(field: EncryptedField) -> Iterator[Unopened]:
    """The first rows of a field that no key here opens."""
    related = owners(field)
    rows: Any = stored_rows(field, get_keyring().key_ids).select_related(*related)
    for row in rows.defer(field.name).order_by("pk")[:_MOST]:
        owner = "/".join(str(getattr(row, name)) for name in related)
        yield Unopened(field.model._meta.db_table, owner, str(row))
