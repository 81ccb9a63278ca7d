"""The figures of every report: what is stored, and what of it can be read."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Count
from django.db.models.functions import Substr

from polyant.encryption.ciphertext import PREFIX_LENGTH, PREFIX_PATTERN, Ciphertext
from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import DecryptionError
from polyant.encryption.fields import EncryptedField
from polyant.encryption.stored import (
    Failure,
    Progress,
    Unreadable,
    all_encrypted_fields,
    describe,
    pages,
    rows_of,
    stored_rows,
    untold,
)

# In place of a key id, for a text that names none.
MALFORMED = "malformed"


@dataclass
class Inventory:
    """Per table and key id how many rows open, and each row that does not."""

    readable: dict[str, Counter[str]] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)


def rows_per_key() -> dict[str, Counter[str]]:
    """Per table, how many values each key id seals. Reads ids only, and opens nothing.

    Texts in another format are counted as ``MALFORMED``: their first characters are no id, and
    may be part of a value that was never sealed.
    """
    stored: dict[str, Counter[str]] = {}
    for each in all_encrypted_fields():
        # A table may have several encrypted columns.
        stored.setdefault(each.model._meta.db_table, Counter()).update(_key_ids(each))
    return stored


def _key_ids(each: EncryptedField) -> Counter[str]:
    prefix = Substr("stored_text", 1, PREFIX_LENGTH)
    rows = stored_rows(each).order_by().values_list(prefix).annotate(Count("pk"))
    ids: Counter[str] = Counter()
    for text, number in rows:
        named = PREFIX_PATTERN.fullmatch(text)
        ids[named[1] if named else MALFORMED] += number
    return ids


def total(stored: dict[str, Counter[str]]) -> Counter[str]:
    """``rows_per_key()`` of all tables together."""
    return sum(stored.values(), Counter())


def unknown_keys(stored: dict[str, Counter[str]]) -> Counter[str]:
    """Of ``rows_per_key()``, the ids of keys that are not here, with the number of their rows."""
    known = {*get_keyring().key_ids, MALFORMED}
    return Counter({key: rows for key, rows in total(stored).items() if key not in known})


def take_inventory() -> Inventory:
    """Open every row of every encrypted field, and keep none of the values."""
    inventory = Inventory()
    for each in all_encrypted_fields():
        readable = inventory.readable.setdefault(each.model._meta.db_table, Counter())
        for opened, failed in open_all(each):
            readable += opened
            inventory.unreadable += [line for _, line in describe(each, failed)]
    return inventory


def open_all(
    each: EncryptedField, progress: Progress = untold
) -> Iterator[tuple[Counter[str], list[Failure]]]:
    """Open the rows of a field: for each page, how many open with which key, and which do not."""
    keyring = get_keyring()
    for page in pages(each):
        opened: Counter[str] = Counter()
        failed: list[Failure] = []
        for row in rows_of(each, page):
            _, text, associated_data = row
            try:
                keyring.open(text, associated_data)
            except DecryptionError as error:
                failed.append((row, error))
            else:
                opened[Ciphertext.parse(text).key_id] += 1
        progress(each.model._meta.db_table, len(page))
        yield opened, failed
