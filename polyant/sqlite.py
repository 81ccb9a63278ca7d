"""SQLite's connection, of which one damaged text is no outage."""

import sqlite3
from typing import Any


class Connection(sqlite3.Connection):
    """Reads what is no UTF-8 with U+FFFD in the place of each wrong byte.

    SQLite stores any bytes as text, and Python's own way is to fail the whole query with an error
    that quotes the text. Read like this, a damaged ciphertext is malformed: an error about its row.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.text_factory = _decode


def _decode(raw: bytes) -> str:
    return raw.decode(errors="replace")
