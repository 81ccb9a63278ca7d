"""A rotation to a new key, killed with SIGKILL: `.env` opens every row, and a re-run ends it."""

import re
import signal
import subprocess
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from instances.models import Instance
from polyant.encryption.inventory import rows_per_key, take_inventory
from secrets_app.models import InstanceSecret

Process = subprocess.Popen[str]
Start = Callable[..., Process]
KeyId = Callable[[str], str]

ROWS = 400


@pytest.fixture
def running(start: Start, stored: Instance) -> Process:
    """The command, about to bring many rows one by one under a key that it makes itself."""
    InstanceSecret.objects.set_many(stored, {f"key_{n}": str(n) for n in range(ROWS)}, None)
    return start("rotate_encryption_key", "--generate", "--batch-size", "1")


def _use(env_file: Path, settings: Settings) -> str:
    """Run on with the keys that `.env` names; the primary one."""
    found = dict(re.findall(r"^(\w+)=(.*)$", env_file.read_text(), re.MULTILINE))
    settings.ENCRYPTION_KEY = found["ENCRYPTION_KEY"]
    settings.ENCRYPTION_KEY_FALLBACKS = found["ENCRYPTION_KEY_FALLBACKS"].split(",")
    return str(settings.ENCRYPTION_KEY)


def _kill(process: Process) -> None:
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it had ended; nothing was interrupted"


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)  # or it takes the processor from what it waits for


def _rotated(old_id: str) -> int:
    rows = rows_per_key()["instance_secrets"]
    return rows.total() - rows[old_id]


def test_right_after_the_file_was_rewritten(
    running: Process, env_file: Path, settings: Settings
) -> None:
    before = env_file.read_text()
    _wait_for(lambda: env_file.read_text() != before)
    _kill(running)
    _use(env_file, settings)
    assert take_inventory().unreadable == []


@pytest.mark.parametrize("rows", [1, ROWS // 2])
def test_in_the_middle_of_the_rows(
    running: Process, env_file: Path, settings: Settings, old_key: str, key_id: KeyId, rows: int
) -> None:
    _wait_for(lambda: _rotated(key_id(old_key)) >= rows)
    _kill(running)
    new = _use(env_file, settings)
    assert take_inventory().unreadable == []
    assert 0 < rows_per_key()["instance_secrets"][key_id(old_key)] < ROWS + 2
    call_command("rotate_encryption_key", stdout=StringIO(), stderr=StringIO())
    assert {key for rows in rows_per_key().values() for key in rows} == {key_id(new)}


@pytest.mark.parametrize("seconds", [0.1, 0.5, 0.8])
def test_at_any_time(
    running: Process, env_file: Path, settings: Settings, old_key: str, seconds: float
) -> None:
    time.sleep(seconds)
    running.kill()
    running.wait()
    text = env_file.read_text()
    assert text.endswith("\n")
    assert old_key in text
    if "ENCRYPTION_KEY_FALLBACKS" in text:
        _use(env_file, settings)
    assert take_inventory().unreadable == []
