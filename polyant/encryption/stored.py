"""Stored ciphertexts as they lie in the tables, for work over all of them.

Nothing here knows a table by name: a field is found by its type, through the app registry, so a
model that is added tomorrow is rotated and checked without any further code.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, cast

from django.apps import apps
from django.db import DatabaseError, connection, models
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Cast, Substr

from polyant.encryption.ciphertext import (
    FORMAT,
    PREFIX_LENGTH,
    PREFIX_PATTERN,
    associated_data,
    length_prefixed,
)
from polyant.encryption.exceptions import DecryptionError, UnknownEncryptionKey
from polyant.encryption.fields import EncryptedField
from polyant.encryption.models import EncryptedModel, encrypted_fields

BATCH_SIZE = 10_000
# Of text in a page. Ten thousand values of 48 KiB would fill this process's memory, and to write
# them would hold up other writers for seconds.
PAGE_CHARACTERS = 8 << 20
# SQLite may be built to take no more than 999 parameters in a statement.
CHUNK_SIZE = 500

T = TypeVar("T")

# Rows as they were read: an address, the stored text and the values of the bound columns.
Page = list[tuple[Any, ...]]
# An address, the stored text and the data that it is bound to. Plain tuples: a class would cost a
# rotation a tenth of its time.
StoredRow = tuple[str, str, bytes]
Failure = tuple[StoredRow, DecryptionError]

# Called with a table and with how many more of its rows are done.
Progress = Callable[[str, int], None]

_SHOWN = ("table", "owner", "name", "reason")


class Unreadable(NamedTuple):
    """A row that does not open: whose it is, what it is called, and why. Never a value.

    ``state`` is the word of the ``DecryptionError``, ``key_id`` the key that the text names, ""
    if it is not in our format. ``parts`` are the names of what the row consists of.
    """

    table: str
    owner: str
    name: str
    state: str
    key_id: str
    parts: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        is_unknown = self.state == UnknownEncryptionKey.reason
        return f"needs key {self.key_id}" if is_unknown else self.state

    def to_json(self) -> dict[str, str]:
        return {**{name: getattr(self, name) for name in _SHOWN}, "keyId": self.key_id}

    def __str__(self) -> str:
        return f"{self.table} {self.owner} {self.name}: {self.reason}"


def untold(_: str, __: int) -> None:
    """The ``Progress`` that does nothing."""


def all_encrypted_fields(only: frozenset[str] = frozenset()) -> list[EncryptedField]:
    """The encrypted fields of every app, or those in the tables named; each column once."""
    fields = [
        field
        for model in apps.get_models()
        for field in encrypted_fields(model)
        if field.model is model  # a proxy, or a child with its own table, has its parent's too
    ]
    return [field for field in fields if not only or field.model._meta.db_table in only]


def stored_rows(field: EncryptedField, except_keys: Collection[str] = ()) -> models.QuerySet[Any]:
    """Rows with their ``stored_text``, read past the field, without those of ``except_keys``.

    ``stored_address`` is where a row is found at the least cost: its ``rowid`` on SQLite, which
    keeps rows in that order, or the primary key. In the order of a random key, every page of rows
    would rewrite most of SQLite's file.
    """
    address: Combinable = models.F("pk")
    if connection.vendor == "sqlite":
        table = connection.ops.quote_name(field.model._meta.db_table)
        address = RawSQL(f"{table}.rowid", (), models.BigIntegerField())  # noqa: S611
    rows: models.QuerySet[Any] = field.model._base_manager.filter(
        **{f"{field.name}__isnull": False}
    ).annotate(stored_text=Cast(field.name, models.TextField()), stored_address=address)
    # Exact comparison: `__startswith` becomes LIKE, which ignores case on SQLite.
    rows = rows.alias(stored_prefix=Substr("stored_text", 1, PREFIX_LENGTH))
    return rows.exclude(stored_prefix__in=[f"{FORMAT}.{key_id}." for key_id in except_keys])


def count_rows(
    only: frozenset[str] = frozenset(), except_keys: Collection[str] = ()
) -> dict[str, int]:
    """How many values there are, per table."""
    values: Counter[str] = Counter()
    for field in all_encrypted_fields(only):
        values[field.model._meta.db_table] += stored_rows(field, except_keys).count()
    return values


def pages(
    field: EncryptedField, size: int = BATCH_SIZE, *, except_keys: Collection[str] = ()
) -> Iterator[Page]:
    """The rows of a field in the order of their addresses, without those of ``except_keys``.

    A page begins after the last address seen: each is one walk along an index, whatever others
    write. It ends after ``size`` rows or ``PAGE_CHARACTERS``, so memory stays flat.
    """
    # Cast to text: a UUID object for each of a million rows would be wasted.
    address = Cast("stored_address", models.TextField())
    bound = [_read(column) for column in field.bound_columns]
    rows = stored_rows(field, except_keys).order_by("stored_address")
    rows = rows.values_list(address, "stored_text", *bound)
    page = _page(rows[:size])
    while page:
        yield page
        page = _page(rows.filter(stored_address__gt=page[-1][0])[:size])


def _page(rows: models.QuerySet[Any, Any]) -> Page:
    try:
        return _read_page(rows)
    except connection.Database.Error as error:  # type: ignore[attr-defined]
        # After a failed query Django closes its server-side cursor, which was never opened: this
        # raises the driver's own error, which would hide the first one.
        if isinstance(error.__context__, DatabaseError):
            raise error.__context__  # noqa: B904
        raise


def _read_page(rows: models.QuerySet[Any, Any]) -> Page:
    page: Page = []
    characters = 0
    for row in rows.iterator(CHUNK_SIZE):
        page.append(row)
        characters += len(row[1])
        if characters >= PAGE_CHARACTERS:
            break
    return page


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
    """A report's line on each row that did not open, unless the row has changed since."""
    rows = stored_rows(field).select_related(*owners(field))
    for chunk in in_chunks(failed):
        named = rows.filter(stored_address__in=[address for (address, *_), _ in chunk])
        found = {(str(each.stored_address), each.stored_text): each for each in named}
        for row, error in chunk:
            if each := found.get(row[:2]):
                yield row, _line(field, each, error)


def owners(field: EncryptedField) -> list[str]:
    """The relations among the bound columns: whose a row is."""
    return [each.name for each in field.bound_columns if isinstance(each, models.ForeignKey)]


def in_chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Rows, as many at a time as one statement can name."""
    return (rows[start : start + CHUNK_SIZE] for start in range(0, len(rows), CHUNK_SIZE))


def _line(field: EncryptedField, found: Any, error: DecryptionError) -> Unreadable:
    prefix = PREFIX_PATTERN.match(found.stored_text)
    return Unreadable(
        table=field.model._meta.db_table,
        owner="/".join(str(getattr(found, name)) for name in owners(field)),
        name=str(found),
        state=error.reason,
        key_id=prefix[1] if prefix else "",
        parts=tuple(cast(EncryptedModel, found).named_parts),
    )


def _is_uuid(column: "models.Field[Any, Any]") -> bool:
    return isinstance(getattr(column, "target_field", column), models.UUIDField)


def _read(column: "models.Field[Any, Any]") -> str | Cast:
    return Cast(column.attname, models.TextField()) if _is_uuid(column) else column.attname


def _bound_part(column: "models.Field[Any, Any]") -> Callable[[Any], bytes]:
    """What a column's value adds to the associated data. Cached: few owners have many rows."""
    return lru_cache(maxsize=1024)(lambda value: length_prefixed(str(column.to_python(value))))
