"""Only one process at a time prepares a database."""

import os
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite

from polyant import exclusive
from polyant.exclusive import alone


def take_it() -> None:
    """As another process: with a connection, or a file, of its own."""
    with alone(connection.copy()):
        pass


def waits(call: Future[None]) -> bool:
    """Whether it is still waiting, after it has asked a few times."""
    time.sleep(3 * exclusive._PAUSE)
    return not call.done()


def test_the_second_waits_until_the_first_is_done(db: None) -> None:
    with ThreadPoolExecutor(1) as pool:
        with alone(connection):
            second = pool.submit(take_it)
            assert waits(second)
        second.result(10)


def test_a_migration_waits_too(transactional_db: None) -> None:
    def migrate() -> None:
        call_command("migrate", verbosity=0, interactive=False)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with alone(connection):
            migration = pool.submit(migrate)
            assert waits(migration)
        migration.result(10)


def test_what_is_waited_for_is_said_once(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(exclusive, "_PATIENCE", 0)
    with ThreadPoolExecutor(1) as pool:
        with alone(connection):
            second = pool.submit(take_it)
            assert waits(second)
        second.result(10)
    assert capsys.readouterr().err == (
        "Another process prepares this database; waiting for it.\n"
    )  # fmt: skip


def test_it_is_free_after_a_failure(db: None) -> None:
    with pytest.raises(ZeroDivisionError), alone(connection):
        raise ZeroDivisionError
    take_it()


def test_it_is_free_after_a_kill(db: None) -> None:
    reader, writer = os.pipe()
    holder = os.fork()
    if not holder:
        with alone(connection.copy()):
            os.write(writer, b"!")
            signal.pause()
        os._exit(1)
    assert os.read(reader, 1) == b"!"
    os.kill(holder, signal.SIGKILL)
    assert os.waitpid(holder, 0)[1] == signal.SIGKILL
    take_it()
    os.close(reader)
    os.close(writer)


def test_a_folder_that_is_not_there_is_left_for_sqlite_to_tell(tmp_path: Path) -> None:
    with alone(SQLite({"NAME": tmp_path / "none" / "db.sqlite3"})):
        assert not (tmp_path / "none").exists()
