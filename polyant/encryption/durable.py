"""Files that are on disk, whole and under their name, before anything depends on them.

A new text is written beside the old one and takes its name only when it is on disk: ``rename(2)``
and ``link(2)`` are atomic, and the folder is synced after them, so that the name, too, survives a
power cut. Files are for their owner only.
"""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

_ENDS = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}


def write_new(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, where there is no file yet.

    Raises:
        FileExistsError: there is one, which stays as it is.
        OSError: it cannot be written; there is no file.
    """
    with _draft(path) as (file, draft):
        _fill(file, text)
        # A link, unlike a rename, fails if there is a file.
        os.link(draft, path)
        _sync_folder(path.parent)


def replace(path: Path, text: str) -> None:
    """Put ``text`` in the place of the file ``path``, which keeps its mode and its owner.

    Raises:
        OSError: as ``put``; also if there is no file, or its owner cannot be kept.
    """
    put(path, text, like=path.stat())


def put(path: Path, text: str, *, like: os.stat_result | None = None) -> None:
    """Write ``text`` to ``path``, replacing any file there; ``like`` has its owner and mode.

    Raises:
        OSError: it cannot be written. The file is whole: as it was or, if only the sync of the
            folder failed, the new one.
    """
    with _draft(path) as (file, draft):
        if like is not None:
            os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.fchmod(file.fileno(), like.st_mode & 0o7777)
        _fill(file, text)
        draft.replace(path)
        _sync_folder(path.parent)


@contextmanager
def _draft(path: Path) -> Iterator[tuple[TextIO, Path]]:
    """A file beside ``path`` that is gone afterwards, because it may hold keys.

    A stop or a closed terminal waits until then, in a process of one thread as our commands are.
    SIGKILL and a power cut leave the file.
    """
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                yield file, Path(name)
        finally:
            Path(name).unlink(missing_ok=True)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)


def _fill(file: TextIO, text: str) -> None:
    file.write(text)
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
