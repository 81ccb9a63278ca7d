"""Changing variables in an env file, which is never half written."""

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from polyant.encryption.durable import replace


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep ``path`` for this process. The folder is locked, because the file gets replaced."""
    handle = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read_variable(path: Path, name: str) -> str | None:
    """What ``path`` sets ``name`` to, without quotes; None if it does not set it."""
    if not path.is_file():
        return None
    found = _line_of(name).search(_read(path))
    return found["value"].strip().strip("'\"") if found else None


def rewrite(path: Path, variables: Mapping[str, str]) -> None:
    """Set all of ``variables`` at once; every other line, the file's mode and its owner stay.

    A link is followed: it is the file behind it that is rewritten.

    Raises:
        OSError: it cannot be written, or cannot keep its owner; see ``durable.replace``.
    """
    target = path.resolve()
    text = _read(target)
    for name, value in variables.items():
        text = _with(text, name, value)
    replace(target, text)


def _with(text: str, name: str, value: str) -> str:
    line = f"{name}={value}"
    # A function: in a text, `re` would take a backslash of the value for an escape.
    text, found = _line_of(name).subn(lambda old: old["export"] + line, text)
    if found:
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    before = text if text.endswith("\n") or not text else text + end
    return f"{before}{line}{end}"


def _read(path: Path) -> str:
    """The text with its line ends as they are."""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def _line_of(name: str) -> re.Pattern[str]:
    # In front of the first line may be a byte order mark, which stays there.
    export = r"(?P<export>\ufeff?[ \t]*(?:export[ \t]+)?)"
    return re.compile(rf"^{export}{name}=(?P<value>[^\r\n]*)", re.MULTILINE)
