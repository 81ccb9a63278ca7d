"""One process at a time: of two that migrate a database at once, one would fail."""

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

# PostgreSQL knows a lock by a number of 64 bits, within a database; this one is ours ("polyant").
_LOCK = int.from_bytes(b"polyant", "big")
_PAUSE = 0.1  # seconds between two questions; a signal that stops us is heard in between
_PATIENCE = 2.0  # seconds until it is said what is waited for


@contextmanager
def alone(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Wait until no other process has this database to itself, then have it.

    Only those that call this wait for each other; readers and writers go on. What a process holds
    ends with it, however it ends. Not to be nested: it would wait for itself.

    Raises:
        DatabaseError: the database does not answer.
    """
    if connection.vendor == "postgresql":
        with _advisory_lock(connection):
            yield
    else:
        with _lock_of_folder(Path(connection.settings_dict["NAME"]).parent):
            yield


@contextmanager
def _advisory_lock(connection: BaseDatabaseWrapper) -> Iterator[None]:
    # A transaction's lock, on a connection of its own: behind a pool such as PgBouncer the
    # session, and with it a session's lock, would be handed to somebody else.
    with closing(connection.copy()) as own:
        own.set_autocommit(False)
        with own.cursor() as cursor:

            def is_ours() -> bool:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
                return bool(cursor.fetchone()[0])

            _wait_until(is_ours)
            yield


@contextmanager
def _lock_of_folder(folder: Path) -> Iterator[None]:
    """SQLite's own locks are its transactions', and the file need not exist yet."""
    if not folder.is_dir():
        yield  # SQLite itself has the words for that
        return
    held = os.open(folder, os.O_RDONLY)
    try:

        def is_ours() -> bool:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        _wait_until(is_ours)
        yield
    finally:
        os.close(held)


def _wait_until(is_ours: Callable[[], bool]) -> None:
    say_at = time.monotonic() + _PATIENCE
    while not is_ours():
        if say_at and time.monotonic() > say_at:
            sys.stderr.write("Another process prepares this database; waiting for it.\n")
            say_at = 0.0
        time.sleep(_PAUSE)
