"""Compare-and-swap of a batch of stored texts: each is replaced if it is still there.

A value that was written after the batch was read has another text, and so it stays. A batch is one
statement that takes its rows as one JSON text: while the database works on that, a thread prepares
the next batch.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple, Self

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from polyant.encryption.fields import EncryptedField

# Much shorter than PostgreSQL's `deadlock_timeout` (1 s), so that in a deadlock with a writer the
# rotation gives way.
LOCK_TIMEOUT = "100ms"
# PostgreSQL's codes for that: lock_not_available and, if it comes first, deadlock_detected.
_BUSY = {"55P03", "40P01"}

# A row's address, the text that must still be there, and the one to write.
Swap = tuple[str, str, str]


class Batch(NamedTuple):
    """Rows to write at once, and their JSON for the database. Made off the main thread."""

    swaps: Sequence[Swap]
    as_json: str

    @classmethod
    def of(cls, swaps: Sequence[Swap]) -> Self:
        return cls(swaps, json.dumps(swaps, check_circular=False))


def swap(field: EncryptedField, batch: Batch) -> int:
    """Write each new text where the old one is still there, in one transaction; how many it was.

    A row that another transaction is writing may be passed over.
    """
    if not batch.swaps:
        return 0
    on_database = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    return on_database(field, batch)


@transaction.atomic
def _on_sqlite(field: EncryptedField, batch: Batch) -> int:
    table, column, _ = _quoted(field)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS stored SET {column} = json_extract(swap.value, '$[2]')"
            " FROM json_each(%s) AS swap"
            " WHERE stored.rowid = json_extract(swap.value, '$[0]')"
            f" AND stored.{column} = json_extract(swap.value, '$[1]')",
            [batch.as_json],
        )
        return int(cursor.rowcount)


def _on_postgresql(field: EncryptedField, batch: Batch) -> int:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            return _update(cursor, field, batch)
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) not in _BUSY:
            raise
        return _swap_free(field, batch)


@transaction.atomic
def _swap_free(field: EncryptedField, batch: Batch) -> int:
    """Only the rows that are not locked. To lock them first costs half as much time again."""
    table, _, pk = _quoted(field)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {pk}::text FROM {table} WHERE {pk} = ANY(%s::{_pk_type(field)}[])"
            " FOR NO KEY UPDATE SKIP LOCKED",
            [[address for address, _, _ in batch.swaps]],
        )
        free = {address for (address,) in cursor.fetchall()}
        swaps = [each for each in batch.swaps if each[0] in free]
        return _update(cursor, field, Batch.of(swaps))


def _update(cursor: CursorWrapper, field: EncryptedField, batch: Batch) -> int:
    """A batch is in the order of its keys; their range lets its rows be visited as they lie.

    PostgreSQL estimates 100 rows for any JSON and would choose one index lookup per row: on a table
    larger than memory, a random read for every row.
    """
    if not batch.swaps:
        return 0
    table, column, pk = _quoted(field)
    cursor.execute("SET LOCAL enable_nestloop = off")
    cursor.execute(
        f"UPDATE {table} AS stored SET {column} = swap.value->>2"
        " FROM json_array_elements(%s::json) AS swap"
        f" WHERE stored.{pk} = (swap.value->>0)::{_pk_type(field)}"
        f" AND stored.{column} = swap.value->>1 AND stored.{pk} BETWEEN %s AND %s",
        [batch.as_json, batch.swaps[0][0], batch.swaps[-1][0]],
    )
    return int(cursor.rowcount)


def _quoted(field: EncryptedField) -> tuple[str, str, str]:
    """The names of the table, of its encrypted column and of its primary key."""
    meta = field.model._meta
    names = meta.db_table, field.column or field.name, meta.pk.column or ""
    table, column, pk = map(connection.ops.quote_name, names)
    return table, column, pk


def _pk_type(field: EncryptedField) -> str:
    return str(field.model._meta.pk.rel_db_type(connection))
