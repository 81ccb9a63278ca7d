"""One process at a time: if two migrated, or collected static files, at once, one would fail."""

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite

# A PostgreSQL advisory lock is a number of 64 bits within a database; this is ours ("polyant").
_LOCK = int.from_bytes(b"polyant", "big")
_PAUSE = 0.1  # seconds between two tries; a signal that stops us is handled in between
_PATIENCE = 2.0  # seconds of waiting before a line says so


@contextmanager
def alone(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Wait until no other process holds the lock of this database, then hold it.

    Only callers of this wait for each other; readers and writers go on. The lock ends with its
    process, however that ends. Do not nest: the process would wait for itself.

    Raises:
        DatabaseError: the database does not answer.
    """
    if connection.vendor == "postgresql":
        with _advisory_lock(connection):
            yield
    elif isinstance(connection, SQLite) and connection.is_in_memory_db():
        yield  # no other process can open it
    else:
        # A lock file of its own: closing the database file would release SQLite's locks on it.
        name = Path(connection.settings_dict["NAME"]).resolve()
        with holding(name.with_name(f"{name.name}-lock")):
            yield


@contextmanager
def holding(place: Path) -> Iterator[None]:
    """Wait until no other process holds this folder or file, then hold it; a file is created.

    If the place cannot be opened, go on without the lock; the caller will fail with its own error.
    """
    try:
        held = os.open(place, os.O_RDONLY | (0 if place.is_dir() else os.O_CREAT), 0o600)
    except OSError:
        held = None
    try:
        if held is not None:
            _wait_until(lambda: _try_lock(held))
        yield
    finally:
        if held is not None:
            os.close(held)


def _try_lock(held: int) -> bool:
    """Take the lock; False if another process has it. True on a file system without locks."""
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def _advisory_lock(connection: BaseDatabaseWrapper) -> Iterator[None]:
    # A transaction's lock, on a connection of its own: behind a pool such as PgBouncer the
    # session, and with it a session's lock, would be handed to another client.
    with closing(connection.copy()) as own:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            # This connection is idle during the work; a server time-out would close it and drop the
            # lock silently.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")

            def is_ours() -> bool:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
                return bool(cursor.fetchone()[0])

            _wait_until(is_ours)
            yield


def _wait_until(is_ours: Callable[[], bool]) -> None:
    say_at = time.monotonic() + _PATIENCE
    while not is_ours():
        if say_at and time.monotonic() > say_at:
            sys.stderr.write("Another process is doing the same; waiting until it has finished.\n")
            say_at = 0.0
        time.sleep(_PAUSE)
