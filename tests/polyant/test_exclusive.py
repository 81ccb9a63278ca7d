"""Only one process at a time prepares a database."""

import errno
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite

from polyant import exclusive
from polyant.exclusive import alone, holding


@pytest.fixture(autouse=True)
def _ask_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exclusive, "_PAUSE", 0.02)


def take_it(with_connection: BaseDatabaseWrapper | None = None) -> None:
    """As another process: with a connection, or a file, of its own."""
    with alone(with_connection or connection.copy()):
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
        "Another process is doing the same; waiting until it has finished.\n"
    )  # fmt: skip


def test_it_is_free_after_a_failure(db: None) -> None:
    with pytest.raises(ZeroDivisionError), alone(connection):
        raise ZeroDivisionError
    with ThreadPoolExecutor(1) as pool:
        pool.submit(take_it).result(10)


def test_it_is_free_after_a_kill(db: None) -> None:
    reader, writer = os.pipe()
    holder = os.fork()
    if not holder:
        try:
            with alone(connection.copy()):
                os.write(writer, b"!")
                signal.pause()
        finally:
            os._exit(1)
    os.close(writer)
    assert os.read(reader, 1) == b"!"
    os.close(reader)
    os.kill(holder, signal.SIGKILL)
    assert os.waitpid(holder, 0)[1] == signal.SIGKILL
    with ThreadPoolExecutor(1) as pool:
        pool.submit(take_it).result(10)


def test_who_only_looks_waits_for_nobody(db: None) -> None:
    with alone(connection):
        call_command("migrate", plan=True, verbosity=0)
        call_command("migrate", check_unapplied=True, verbosity=0)


@pytest.mark.parametrize("name", ["none/db.sqlite3", ":memory:"])
def test_where_nothing_can_be_held_the_work_goes_on(tmp_path: Path, name: str) -> None:
    with alone(SQLite({"NAME": name if name == ":memory:" else tmp_path / name})):
        assert not [*tmp_path.iterdir()]


def test_a_file_system_without_locks_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: Iterator[OSError] = iter([OSError(errno.ENOLCK, "no locks")])

    def flock(_: int, __: int) -> None:
        for error in answers:
            raise error
        pytest.fail("it was asked again")

    monkeypatch.setattr("fcntl.flock", flock)
    with holding(tmp_path):
        pass


def test_a_database_has_one_lock_by_whatever_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    paths = tmp_path / "db.sqlite3", tmp_path / "link" / "db.sqlite3"
    one, other = (SQLite({"NAME": path}) for path in paths)
    with ThreadPoolExecutor(1) as pool:
        with alone(one):
            second = pool.submit(take_it, other)
            assert waits(second)
        second.result(10)
