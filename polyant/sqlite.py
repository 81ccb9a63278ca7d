"""A SQLite connection on which one damaged text does not fail the whole query."""

import sqlite3
from typing import Any


class Connection(sqlite3.Connection):
    """Reads text that is not UTF-8 with U+FFFD in the place of each wrong byte.

    SQLite stores any bytes as text, and Python would fail the whole query with an error that quotes
    the text. Read like this, a damaged ciphertext is malformed: an error about its row.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.text_factory = _decode


def _decode(raw: bytes) -> str:
    return raw.decode(errors="replace")
