"""polyant.sqlite: the file of a database."""

import os
import runpy
import shutil
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import polyant.settings
from polyant.sqlite import Connection


@pytest.fixture(autouse=True)
def _for_everybody() -> Iterator[None]:
    """A umask that lets all read what is made."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """The permissions of each file, while a connection has written in WAL mode."""
    with closing(Connection(folder / "db")) as connection:
        connection.executescript("PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS t (n)")
        return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_a_new_file_and_those_beside_it_are_for_their_owner_only(tmp_path: Path) -> None:
    assert modes(tmp_path) == {"db": 0o600, "db-wal": 0o600, "db-shm": 0o600}


def test_a_file_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "db").touch()
    (tmp_path / "db").chmod(0o640)
    assert modes(tmp_path) == {"db": 0o640, "db-wal": 0o640, "db-shm": 0o640}


@pytest.mark.parametrize("name", [":memory:", "file:shared?mode=memory&cache=shared"])
def test_a_database_in_memory_makes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(Connection(name, uri=True)) as connection:
        connection.execute("CREATE TABLE t (n)")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("folder", ["C#", "a+b", "what?", "100%41"])
def test_the_default_file_is_beside_the_code_whatever_the_folder_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    copy = tmp_path / folder / "polyant" / "settings.py"
    copy.parent.mkdir(parents=True)
    shutil.copy(polyant.settings.__file__, copy)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = runpy.run_path(str(copy))
    assert settings["DATABASES"]["default"]["NAME"] == str(tmp_path / folder / "db.sqlite3")
