"""Stored ciphertexts as they lie in the tables, for work over all of them.

Nothing here knows a table by name: a field is found by its type, through the app registry, so a
model that is added tomorrow is rotated and checked without a word.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.apps import apps
from django.db import connection, models
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Cast

from polyant.encryption.ciphertext import FORMAT, associated_data, length_prefixed
from polyant.encryption.exceptions import DecryptionError
from polyant.encryption.fields import EncryptedField
from polyant.encryption.models import encrypted_fields

BATCH_SIZE = 10_000
# SQLite may be built to take no more than 999 parameters in a statement.
CHUNK_SIZE = 500

T = TypeVar("T")

# Rows as they were read: an address, the stored text and the values of the bound columns.
Page = list[tuple[Any, ...]]
# An address, the stored text and the data that it is bound to. Plain tuples: a class would cost a
# rotation a tenth of its time.
StoredRow = tuple[str, str, bytes]
Failure = tuple[StoredRow, DecryptionError]

# Is told a table, and of how many more of its rows something was done.
Progress = Callable[[str, int], None]


class Unreadable(NamedTuple):
    """A row that does not open: whose it is, what it is called, and why. Never a value."""

    table: str
    owner: str
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.table} {self.owner} {self.name}: {self.reason}"


def untold(_: str, __: int) -> None:
    """The progress of work that nobody watches."""


def all_encrypted_fields(only: frozenset[str] = frozenset()) -> list[EncryptedField]:
    """The encrypted fields of every app, or those in the tables named."""
    fields = [field for model in apps.get_models() for field in encrypted_fields(model)]
    return [field for field in fields if not only or field.model._meta.db_table in only]


def stored_rows(field: EncryptedField, except_key: str | None = None) -> models.QuerySet[Any]:
    """Rows with their stored text as ``text``: plain, past the field, and not to be revealed.

    ``address`` is where a row is found at the least cost: its ``rowid`` on SQLite, which keeps rows
    in that order, or the primary key. Along a random key, every page of rows on SQLite would
    rewrite most of the file.
    """
    address: Combinable = models.F("pk")
    if connection.vendor == "sqlite":
        table = connection.ops.quote_name(field.model._meta.db_table)
        address = RawSQL(f"{table}.rowid", (), models.BigIntegerField())  # noqa: S611
    rows: models.QuerySet[Any] = field.model._base_manager.filter(
        **{f"{field.name}__isnull": False}
    ).annotate(text=Cast(field.name, models.TextField()), address=address)
    return rows.exclude(text__startswith=f"{FORMAT}.{except_key}.") if except_key else rows


def count_rows(only: frozenset[str] = frozenset(), except_key: str | None = None) -> dict[str, int]:
    """How many rows there are, per table."""
    return {
        field.model._meta.db_table: stored_rows(field, except_key).count()
        for field in all_encrypted_fields(only)
    }


def pages(
    field: EncryptedField,
    size: int = BATCH_SIZE,
    *,
    except_key: str | None = None,
    progress: Progress = untold,
) -> Iterator[Page]:
    """The rows of a field in the order of their addresses, without those ``except_key`` seals.

    A page begins after the last address seen: each is one walk along an index, whatever is
    written meanwhile, and memory stays that of a page.
    """
    # As text where it would be an object: nobody needs one for each of a million rows.
    address = Cast("address", models.TextField())
    bound = [_read(column) for column in field.bound_columns]
    rows = stored_rows(field, except_key).order_by("address").values_list(address, "text", *bound)
    page = list(rows[:size])
    while page:
        progress(field.model._meta.db_table, len(page))
        yield page
        page = list(rows.filter(address__gt=page[-1][0])[:size])


def rows_of(field: EncryptedField, page: Page) -> Iterator[StoredRow]:
    """The rows of a page, each with the data that its text is bound to. Needs no database."""
    begin = associated_data(field.model._meta.db_table, field.column or field.name)
    parts = [_bound_part(column) for column in field.bound_columns]
    for address, text, *bound in page:
        values = [part(value) for part, value in zip(parts, bound, strict=True)]
        yield address, text, b"".join([begin, *values])


def describe(
    field: EncryptedField, failed: Sequence[Failure]
) -> Iterator[tuple[StoredRow, Unreadable]]:
    """A report's line on each row that did not open; not on one that has changed meanwhile."""
    rows = stored_rows(field).select_related(*_owners(field))
    for chunk in in_chunks(failed):
        named = rows.filter(address__in=[address for (address, *_), _ in chunk])
        found = {(str(each.address), each.text): each for each in named}
        for row, error in chunk:
            if each := found.get(row[:2]):
                yield row, _line(field, each, error)


def in_chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Rows as many at a time as can be named in a statement."""
    return (rows[start : start + CHUNK_SIZE] for start in range(0, len(rows), CHUNK_SIZE))


def _line(field: EncryptedField, found: models.Model, error: DecryptionError) -> Unreadable:
    owner = "/".join(str(getattr(found, name)) for name in _owners(field))
    key_id = getattr(error, "key_id", None)
    reason = f"needs key {key_id}" if key_id else error.reason
    return Unreadable(field.model._meta.db_table, owner, str(found), reason)


def _owners(field: EncryptedField) -> list[str]:
    return [each.name for each in field.bound_columns if isinstance(each, models.ForeignKey)]


def _is_uuid(column: "models.Field[Any, Any]") -> bool:
    return isinstance(getattr(column, "target_field", column), models.UUIDField)


def _read(column: "models.Field[Any, Any]") -> str | Cast:
    return Cast(column.attname, models.TextField()) if _is_uuid(column) else column.attname


def _bound_part(column: "models.Field[Any, Any]") -> Callable[[Any], bytes]:
    """What a column's value adds to the associated data; few owners have many rows."""
    return lru_cache(maxsize=1024)(lambda value: length_prefixed(str(column.to_python(value))))
