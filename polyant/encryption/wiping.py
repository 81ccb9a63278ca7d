"""Deleting what no key opens: the last resort after a key is lost.

The checklist of what has to be entered again is on disk before anything is deleted.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from polyant.encryption.durable import write_new
from polyant.encryption.fields import EncryptedField
from polyant.encryption.inventory import open_all
from polyant.encryption.stored import (
    Progress,
    StoredRow,
    Unreadable,
    all_encrypted_fields,
    describe,
    in_chunks,
    owners,
    stored_rows,
    untold,
)


class Lost(NamedTuple):
    """A row that no key opens, and what a person calls it."""

    field: EncryptedField
    row: StoredRow
    label: Unreadable


def find_lost(only: frozenset[str] = frozenset(), progress: Progress = untold) -> list[Lost]:
    """Every row that does not open, in all tables or those named."""
    return [
        Lost(field, row, label)
        for field in all_encrypted_fields(only)
        for _, failed in open_all(field, progress)
        for row, label in describe(field, failed)
    ]


def write_checklist(lost: Sequence[Lost], path: Path) -> None:
    """What to enter again, by owner: ``path`` as text and, beside it, the same as JSON.

    Raises:
        OSError: it cannot be written.
    """
    by_owner: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, _, label in sorted(lost, key=lambda each: each.label):
        parts = {"parts": label.parts} if label.parts else {}
        by_owner[label.owner].append({"table": label.table, "name": label.name, **parts})
    lines = [
        f"[ ] {owner}: {': '.join([entry['name'], *_joined(entry)])}  ({entry['table']})\n"
        for owner, entries in by_owner.items()
        for entry in entries
    ]
    write_new(path, "".join(lines))
    write_new(path.with_suffix(".json"), json.dumps(by_owner, indent=2) + "\n")


def _joined(entry: dict[str, Any]) -> list[str]:
    return [", ".join(entry["parts"])] if "parts" in entry else []


def wipe(lost: Sequence[Lost], progress: Progress = untold) -> int:
    """Delete these rows, except any that was entered anew since; how many were deleted.

    ``settings.ENCRYPTION_WIPE_RECORDER`` is called with them in the transaction of the deletion.
    """
    deleted = 0
    for field, group in groupby(lost, lambda each: each.field):
        for chunk in in_chunks([each.row for each in group]):
            deleted += _wipe(field, chunk)
            progress(field.model._meta.db_table, len(chunk))
    return deleted


@transaction.atomic
def _wipe(field: EncryptedField, rows: Sequence[StoredRow]) -> int:
    """A row that another transaction is writing is passed over: it is being entered anew."""
    texts = {address: text for address, text, _ in rows}
    found = stored_rows(field).filter(stored_address__in=list(texts))
    locked = found.select_related(*owners(field)).select_for_update(of=("self",), skip_locked=True)
    same = [each for each in locked if each.stored_text == texts[str(each.stored_address)]]
    import_string(settings.ENCRYPTION_WIPE_RECORDER)(same)
    count, _ = field.model._base_manager.filter(pk__in=[each.pk for each in same]).delete()
    return count
