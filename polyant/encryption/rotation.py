"""Re-encrypting every row under the primary key, with traffic on.

Each batch is read, opened with whatever key it names, sealed anew and written back with
compare-and-swap on the stored text: a value that was written in the meantime stays, because its
text has changed. There is no state beside the rows themselves, so a run that was killed is resumed
by running again, and two runs at once finish the same work.

While the database writes a batch, a thread seals the next one.
"""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import DecryptionError
from polyant.encryption.fields import EncryptedField
from polyant.encryption.keyring import Keyring
from polyant.encryption.stored import (
    BATCH_SIZE,
    Failure,
    Page,
    Progress,
    Unreadable,
    all_encrypted_fields,
    describe,
    pages,
    rows_of,
    stored_rows,
    untold,
)
from polyant.encryption.swapping import Batch, Swap, swap

# Stop after this many passes: constant writers could otherwise keep it running.
MAX_PASSES = 10
PAUSE_SECONDS = 0.1


@dataclass
class Report:
    """What a rotation did: rows re-encrypted, rows that do not open, and rows left for a next run.

    Rows are left where a process still seals with another key, or keeps them locked. After a dry
    run it says what would have been done.
    """

    dry_run: bool = False
    rotated: Counter[str] = field(default_factory=Counter)
    unreadable: list[Unreadable] = field(default_factory=list)
    left: int = 0

    @property
    def is_complete(self) -> bool:
        return not self.unreadable and not self.left


class Resealed(NamedTuple):
    """A page's texts sealed under the primary key, and its rows that do not open."""

    batch: Batch
    failed: list[Failure]


def rotate(
    *,
    only: frozenset[str] = frozenset(),
    batch_size: int = BATCH_SIZE,
    dry_run: bool = False,
    progress: Progress = untold,
) -> Report:
    """Re-encrypt what is not under the primary key. ``progress`` gets a table and rows opened.

    Raises:
        InvalidEncryptionKey: the settings have no keyring to rotate to.
    """
    report = Report(dry_run)
    for encrypted in all_encrypted_fields(only):
        table = encrypted.model._meta.db_table
        for _ in range(1 if dry_run else MAX_PASSES):
            rotated, missed, unreadable = _pass(encrypted, batch_size, dry_run, progress)
            report.rotated[table] += rotated
            if not missed:
                break
            time.sleep(PAUSE_SECONDS)
        report.unreadable += unreadable
        if not dry_run:
            others = stored_rows(encrypted, [get_keyring().primary.key_id]).count()
            report.left += max(0, others - len(unreadable))
    return report


def _pass(
    encrypted: EncryptedField, size: int, dry_run: bool, progress: Progress
) -> tuple[int, int, list[Unreadable]]:
    """One walk over a table: rows rotated, rows that another process wrote first, unreadable."""
    keyring, rotated, missed = get_keyring(), 0, 0
    unreadable: list[Unreadable] = []
    read = pages(encrypted, size, except_keys=[keyring.primary.key_id])
    for batch, failed in _resealed(encrypted, keyring, read):
        progress(encrypted.model._meta.db_table, len(batch.swaps) + len(failed))
        written = len(batch.swaps) if dry_run else swap(encrypted, batch)
        rotated += written
        missed += len(batch.swaps) - written
        unreadable += [line for _, line in describe(encrypted, failed)]
    return rotated, missed, unreadable


def _resealed(
    encrypted: EncryptedField, keyring: Keyring, read: Iterator[Page]
) -> Iterator[Resealed]:
    """Each page sealed anew. One is read, and its sealing begun, before the previous is yielded."""
    previous: Future[Resealed] | None = None
    with ThreadPoolExecutor(1) as thread:
        for page in read:
            begun = thread.submit(_reseal, encrypted, keyring, page)
            if previous:
                yield previous.result()
            previous = begun
        if previous:
            yield previous.result()


def _reseal(encrypted: EncryptedField, keyring: Keyring, page: Page) -> Resealed:
    """Every row that opens, sealed under the primary key; a plaintext lives for one line."""
    swaps: list[Swap] = []
    failed: list[Failure] = []
    for address, text, associated_data in rows_of(encrypted, page):
        try:
            plaintext = keyring.open(text, associated_data)
        except DecryptionError as error:
            failed.append(((address, text, associated_data), error))
        else:
            swaps.append((address, text, keyring.seal(plaintext, associated_data)))
    return Resealed(Batch.of(swaps), failed)
