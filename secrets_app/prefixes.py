"""How a stored value begins: it tells the key that opens it, and no more.

Read alone, so that nothing is opened and no value is loaded.
"""

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.models.functions import Cast, Substr

from polyant.encryption.ciphertext import PREFIX_LENGTH, PREFIX_PATTERN

PREFIX = Substr(Cast("value", models.TextField()), 1, PREFIX_LENGTH)


def key_ids(rows: models.QuerySet[Any], *columns: str) -> Iterator[tuple[tuple[Any, ...], str]]:
    """The ``columns`` of each row, and the id of the key that it needs; "" if it names none."""
    for *names, prefix in rows.annotate(prefix=PREFIX).values_list(*columns, "prefix"):
        named = PREFIX_PATTERN.fullmatch(prefix)
        yield tuple(names), named[1] if named else ""
