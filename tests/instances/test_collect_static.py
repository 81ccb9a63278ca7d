"""What a start does for the static files."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest
from pytest_django.fixtures import Settings

from instances import first_start
from instances.first_start import collect_static
from polyant.exceptions import Conflict
from polyant.exclusive import holding


@pytest.fixture(autouse=True)
def collected(settings: Settings, tmp_path: Path) -> Path:
    """One source, and where what comes of it is to be."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "page.css").write_text("a { color: red }")
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [tmp_path / "sources"]
    settings.STATIC_ROOT = tmp_path / "collected"
    backend = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}
    return tmp_path / "collected"


def style(collected: Path) -> Path:
    (path,) = collected.glob("page.*.css")
    return path


def test_a_later_start_leaves_what_is_there(collected: Path) -> None:
    collect_static()
    style(collected).write_text("ours")
    collect_static()
    assert style(collected).read_text() == "ours"


def test_what_an_interrupted_start_left_is_made_anew(collected: Path) -> None:
    collect_static()
    (collected / "sources.sha256").unlink()
    style(collected).write_text("")
    collect_static()
    assert style(collected).read_text() == "a { color: red }"


def test_a_source_that_changed_is_collected_and_the_old_one_stays_for_open_pages(
    collected: Path, tmp_path: Path
) -> None:
    collect_static()
    old = style(collected)
    (tmp_path / "sources" / "page.css").write_text("a { color: blue }")
    collect_static()
    assert {each.read_text() for each in collected.glob("page.*.css")} == {
        "a { color: red }",
        "a { color: blue }",
    }
    assert old.exists()


def test_two_starts_of_one_folder_wait_for_each_other(collected: Path) -> None:
    collected.mkdir()
    with ThreadPoolExecutor(1) as pool:
        with holding(collected):
            second = pool.submit(collect_static)
            sleep(0.1)
            assert not second.done()
            assert not [*collected.iterdir()]
        second.result(10)
    assert style(collected).exists()


def test_a_folder_that_cannot_be_written_is_told_in_words(
    collected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected.write_text("a file stands in its place")
    monkeypatch.setattr(first_start, "call_command", lambda *_, **__: None)
    with pytest.raises(Conflict, match="static files cannot be collected: File exists"):
        first_start.prepare()
