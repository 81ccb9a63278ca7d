"""Changing variables in an env file without a moment at which it is half written."""

import fcntl
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One at a time may read and rewrite ``path``. The folder is locked: the file is replaced."""
    handle = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read_variable(path: Path, name: str) -> str | None:
    """What ``path`` sets ``name`` to, without quotes; None where it does not."""
    if not path.is_file():
        return None
    found = _line_of(name).search(path.read_text(encoding="utf-8"))
    return found["value"].strip().strip("'\"") if found else None


def rewrite(path: Path, variables: Mapping[str, str]) -> None:
    """Set all of ``variables`` at once; every other line, the file's mode and its owner stay.

    The new text is on disk before it takes the old one's name (``rename(2)`` is atomic), so a
    crash leaves either file whole.

    Raises:
        OSError: it cannot be written, or its owner not be kept; the file is as it was.
    """
    target = path.resolve()
    text = target.read_text(encoding="utf-8")
    for name, value in variables.items():
        line, pattern = f"{name}={value}", _line_of(name)
        kept = pattern.sub(rf"\g<export>{line}", text)
        text = kept if pattern.search(text) else f"{text.rstrip()}\n{line}\n"
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".env.")
    try:
        _write(handle, text, like=target.stat())
        Path(temporary).replace(target)
    except OSError:
        Path(temporary).unlink()
        raise
    _sync_folder(target.parent)


def _write(handle: int, text: str, *, like: os.stat_result) -> None:
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(handle, stat.S_IMODE(like.st_mode))
        os.fchown(handle, like.st_uid, like.st_gid)
        file.write(text)
        file.flush()
        os.fsync(handle)


def _line_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"^(?P<export>[ \t]*(?:export[ \t]+)?){name}=(?P<value>.*)$", re.MULTILINE)


def _sync_folder(folder: Path) -> None:
    """The new name itself must survive a power cut before a row depends on it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
