"""A SQLite connection: damaged text fails no query, and only the owner can read a new file."""

import os
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

# Closing a file releases this process's locks on it, those of another thread's connection as well.
# So no connection is opened while a new file is.
_CREATING = threading.Lock()


class Connection(sqlite3.Connection):
    """Reads text that is not UTF-8 with U+FFFD in the place of each wrong byte.

    SQLite stores any bytes as text, and Python would fail the whole query with an error that quotes
    the text. Read like this, a damaged ciphertext is malformed: an error about its row.
    """

    def __init__(self, database: str | Path, *args: Any, **kwargs: Any) -> None:
        with _CREATING:
            _create(str(database))
        super().__init__(database, *args, **kwargs)
        self.text_factory = _decode


def _create(name: str) -> None:
    """Create a missing file with mode 0600: it will hold password hashes and session keys.

    SQLite itself would use the umask. It gives its other files the mode of this one. An existing
    file keeps its mode.
    """
    if name == ":memory:" or name.startswith("file:"):
        return
    with suppress(OSError):  # SQLite then fails with its own error, or the file exists
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_RDONLY, 0o600))


def _decode(raw: bytes) -> str:
    return raw.decode(errors="replace")
