"""One process at a time: of two that migrate, or collect static files, at once one would fail."""

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite

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
    elif isinstance(connection, SQLite) and connection.is_in_memory_db():
        yield  # nobody else has it
    else:
        # A file of its own: to open and close the database's would end locks of SQLite's.
        name = Path(connection.settings_dict["NAME"]).resolve()
        with holding(name.with_name(f"{name.name}-lock")):
            yield


@contextmanager
def holding(place: Path) -> Iterator[None]:
    """Wait until no other process holds this folder or file, then hold it; a file is made.

    Where that is not possible nothing is held: whoever goes on to use the place has the words.
    """
    try:
        held = os.open(place, os.O_RDONLY | (0 if place.is_dir() else os.O_CREAT), 0o600)
    except OSError:
        held = None
    try:
        if held is not None:
            _wait_until(lambda: _is_locked(held))
        yield
    finally:
        if held is not None:
            os.close(held)


def _is_locked(held: int) -> bool:
    """Whether it is ours now; a file system without locks says yes."""
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
    # session, and with it a session's lock, would be handed to somebody else.
    with closing(connection.copy()) as own:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            # It does nothing while the work is done, and would lose the lock in silence.
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
            sys.stderr.write("Another process prepares the same; waiting for it.\n")
            say_at = 0.0
        time.sleep(_PAUSE)
