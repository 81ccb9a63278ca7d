"""polyant.encryption.durable: files that are whole, and nothing beside them."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from polyant.encryption.durable import put, write_new


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
@pytest.mark.parametrize("write", [put, write_new])
def test_a_signal_that_comes_meanwhile_finds_the_file_whole_and_no_other(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path, str], None],
    number: signal.Signals,
) -> None:
    found: list[dict[str, str]] = []

    def end(_: int, __: FrameType | None) -> None:
        found.append({path.name: path.read_text() for path in tmp_path.iterdir()})

    sync = os.fsync

    def sync_and_be_told_to_end(handle: int) -> None:
        sync(handle)
        signal.pthread_kill(threading.get_ident(), number)

    before = signal.signal(number, end)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", sync_and_be_told_to_end)
            write(tmp_path / ".env", "KEY=1\n")
    finally:
        signal.signal(number, before)
    assert found == [{".env": "KEY=1\n"}]
