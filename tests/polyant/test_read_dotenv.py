"""Environment.read_dotenv: what a `.env` sets, and how a mistake in it is told."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from polyant.environment import DEFAULT_ENV_FILE, Environment, shown
from tests.polyant.conftest import MARKER, refusal


def test_the_file_env_sets_what_the_environment_does_not(env: Environment, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# a comment\nSOME_KEY=from-file\nexport OTHER_KEY='x y'\n\nFREE=\n")
    os.environ["SOME_KEY"] = "from-process"
    assert env.read_dotenv(path)
    assert [env.secret(name) for name in ("SOME_KEY", "OTHER_KEY", "FREE")] == [
        "from-process", "x y", "",
    ]  # fmt: skip


def test_no_file_env_is_fine(env: Environment, tmp_path: Path) -> None:
    before = dict(os.environ)
    assert not env.read_dotenv(tmp_path / ".env")
    assert not env.read_dotenv(tmp_path / "no folder" / ".env")
    assert dict(os.environ) == before


@pytest.mark.parametrize("second", ["SOME_KEY=", "export SOME_KEY=", "  SOME_KEY="])
def test_a_variable_twice_in_the_file_env_is_refused(
    env: Environment, tmp_path: Path, second: str
) -> None:
    (tmp_path / ".env").write_text(f"SOME_KEY={MARKER}\n{second}{MARKER}-2\n")
    with pytest.raises(ImproperlyConfigured) as caught:
        env.read_dotenv(tmp_path / ".env")
    assert "2 times" in refusal(caught, "SOME_KEY")
    assert "SOME_KEY" not in os.environ


@contextmanager
def _nobody() -> Iterator[None]:
    """This process as a user whom permissions hold for."""
    was = os.geteuid()
    if not was:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(was)


def test_a_file_env_that_nobody_may_read_is_refused_as_such(
    env: Environment, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"SOME_KEY={MARKER}\n")
    (tmp_path / ".env").chmod(0o000)
    with _nobody(), pytest.raises(ImproperlyConfigured) as caught:
        env.read_dotenv(tmp_path / ".env")
    assert refusal(caught, ".env").endswith("/.env cannot be read: Permission denied")


@pytest.mark.parametrize(
    ("name", "reason"), [("", "Is a directory"), ("long" * 100, "File name too long")]
)
def test_a_file_env_that_the_system_refuses_is_refused_in_its_words(
    env: Environment, tmp_path: Path, name: str, reason: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"cannot be read: {reason}$"):
        env.read_dotenv(tmp_path / name)


def test_a_file_env_that_is_no_text_is_refused(env: Environment, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(f"SOME_KEY={MARKER}\xff".encode("latin-1"))
    with pytest.raises(ImproperlyConfigured) as caught:
        env.read_dotenv(tmp_path / ".env")
    assert "UTF-8" in refusal(caught, ".env")


@pytest.mark.parametrize("text", [f"SOME_KEY: {MARKER}", f"SOME_KEY={MARKER}\nSOME_KEY=v", "\xff"])
def test_a_file_env_is_named_as_it_is_given(
    env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("prod.env").write_text(text, encoding="latin-1")
    with pytest.raises(ImproperlyConfigured, match=r"(^|of |in )prod\.env\b"):
        env.read_dotenv(Path("prod.env"))


def test_the_file_env_of_the_project_needs_no_folder() -> None:
    assert shown(DEFAULT_ENV_FILE) == ".env"


@pytest.mark.parametrize("line", ["SOME_KEY=v", "export SOME_KEY=v", "# a comment\nSOME_KEY=v"])
def test_a_file_env_may_begin_with_the_mark_of_a_windows_editor(
    env: Environment, tmp_path: Path, line: str
) -> None:
    (tmp_path / ".env").write_text(line, encoding="utf-8-sig")
    env.read_dotenv(tmp_path / ".env")
    assert env.secret("SOME_KEY") == "v"


@pytest.mark.parametrize(
    "line", [" SOME_KEY=v", "\tSOME_KEY=v", "export  SOME_KEY=v", " export\tSOME_KEY=v"]
)
def test_a_line_may_be_indented(env: Environment, tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(f"{line}\n  # SOME_KEY=old\n \n")
    env.read_dotenv(tmp_path / ".env")
    assert env.secret("SOME_KEY") == "v"


@pytest.mark.parametrize(
    "line",
    [
        f"SOME_KEY: {MARKER}", f"SOME_KEY = {MARKER}", MARKER, f" SOME_KEY={MARKER}",
        f"export\tSOME_KEY={MARKER}", f"  # SOME_KEY={MARKER}", f"SOME KEY={MARKER}",
        f"9_KEY={MARKER}", f"КЛЮЧ={MARKER}",
    ],
)  # fmt: skip
def test_a_line_that_sets_nothing_is_never_repeated(
    env: Environment,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    line: str,
) -> None:
    (tmp_path / ".env").write_text(f"{line}\n")
    try:
        env.read_dotenv(tmp_path / ".env")
    except ImproperlyConfigured as error:
        assert MARKER not in str(error)  # noqa: PT017
    assert MARKER not in "".join(capfd.readouterr()) + caplog.text


def test_a_file_that_cannot_be_read_is_refused_also_where_the_file_env_has_the_variable(
    env: Environment, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"SOME_KEY={MARKER}\n")
    os.environ["SOME_KEY_FILE"] = str(tmp_path / "nothing")
    env.read_dotenv(tmp_path / ".env")
    with pytest.raises(ImproperlyConfigured) as caught:
        env.secret("SOME_KEY")
    assert "SOME_KEY_FILE" in refusal(caught, "SOME_KEY")


def test_a_variable_of_the_environment_wins_over_a_file_that_env_names(
    env: Environment, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"SOME_KEY_FILE={tmp_path / 'nothing'}\n")
    os.environ["SOME_KEY"] = "ours"
    env.read_dotenv(tmp_path / ".env")
    assert env.secret("SOME_KEY") == "ours"
