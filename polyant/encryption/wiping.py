"""Deleting what no key opens: the last resort after a key is lost.

The checklist of what has to be entered again is on disk before anything is deleted.
"""

import json
import os
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from django.db import transaction

from polyant.encryption.fields import EncryptedField
from polyant.encryption.inventory import open_all
from polyant.encryption.stored import (
    Progress,
    StoredRow,
    Unreadable,
    all_encrypted_fields,
    describe,
    in_chunks,
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
    """What to enter again, by owner: ``path`` as text and, beside it, the same as JSON."""
    by_owner: dict[str, list[dict[str, str]]] = defaultdict(list)
    for _, _, label in lost:
        by_owner[label.owner].append({"table": label.table, "name": label.name})
    lines = [
        f"[ ] {owner}: {entry['name']}  ({entry['table']})"
        for owner, entries in sorted(by_owner.items())
        for entry in entries
    ]
    _write_new(path, "\n".join(lines) + "\n")
    _write_new(path.with_suffix(".json"), json.dumps(by_owner, indent=2, sort_keys=True) + "\n")


def wipe(lost: Sequence[Lost], progress: Progress = untold) -> int:
    """Delete these rows, but none that was entered anew since it was found; how many went."""
    deleted = 0
    for field, group in groupby(lost, lambda each: each.field):
        for chunk in in_chunks([each.row for each in group]):
            deleted += _wipe(field, chunk)
            progress(field.model._meta.db_table, len(chunk))
    return deleted


@transaction.atomic
def _wipe(field: EncryptedField, rows: Sequence[StoredRow]) -> int:
    """A row that somebody is writing is passed over: it is being entered anew."""
    texts = {address: text for address, text, _ in rows}
    found = stored_rows(field).filter(address__in=list(texts)).select_for_update(skip_locked=True)
    same = [each.pk for each in found if each.text == texts[str(each.address)]]
    count, _ = field.model._base_manager.filter(pk__in=same).delete()
    return count


def _write_new(path: Path, text: str) -> None:
    """Never over an earlier list, and on disk when this returns."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)
