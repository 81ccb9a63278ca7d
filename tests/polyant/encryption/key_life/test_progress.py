"""What is seen while a rotation runs: lines in a pipe, a bar on a terminal, nothing in JSON."""

import json
import re
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from instances.models import Instance
from polyant.encryption import progress
from secrets_app.models import InstanceSecret

Start = Callable[..., subprocess.Popen[str]]

# `manage.py` on a terminal of its own, as seen from there.
ON_A_TERMINAL = """
import pty, sys
sys.exit(pty.spawn([sys.executable, *sys.argv[1:]]) >> 8)
"""


@pytest.fixture
def new_first(
    stored: Instance, env_file: Path, old_key: str, new_key: str, settings: Settings
) -> Instance:
    """The new key first, here and in `.env`, and every row under the old one."""
    values = {f"key_{number}": "x" for number in range(60)}
    InstanceSecret.objects.set_many(stored, values, None)
    env_file.write_text(f"ENCRYPTION_KEY={new_key}\nENCRYPTION_KEY_FALLBACKS={old_key}\n")
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = new_key, [old_key]
    return stored


def test_a_pipe_gets_plain_lines_now_and_then(
    new_first: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    err = StringIO()
    call_command("rotate_encryption_key", batch_size=31, stdout=StringIO(), stderr=err)
    assert err.getvalue().splitlines() == [
        "instance_secrets: 31 of 62",
        "instance_secrets: 62 of 62",
        "instance_skill_env: 1 of 1",
        "instance_channels: 1 of 1",
    ]


def test_lines_are_seconds_apart(new_first: Instance) -> None:
    err = StringIO()
    call_command("rotate_encryption_key", batch_size=7, stdout=StringIO(), stderr=err)
    assert len(err.getvalue().splitlines()) <= 1


@pytest.mark.django_db(transaction=True)
def test_a_terminal_shows_a_bar_with_rate_and_time_left(
    new_first: Instance, start: Start, manage_py: str
) -> None:
    running = start(
        manage_py, "rotate_encryption_key", program=ON_A_TERMINAL, TERM="xterm", COLUMNS="120"
    )
    shown, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "\x1b[" in shown
    assert "━" in shown
    assert re.search(r"instance_secrets .*62/62.*100%.*\d rows/s.*0:00:00", shown)


def test_json_is_one_object_and_nothing_else(
    new_first: Instance, capfd: pytest.CaptureFixture[str], new_key: str
) -> None:
    call_command("rotate_encryption_key", json=True, batch_size=5)
    out, err = capfd.readouterr()
    assert json.loads(out)["rotated"] == {
        "instance_secrets": 62, "instance_skill_env": 1, "instance_channels": 1,
    }  # fmt: skip
    assert (len(out.splitlines()), err) == (1, "")


def test_a_dry_run_says_that_it_was_one(new_first: Instance) -> None:
    out, document = StringIO(), StringIO()
    call_command("rotate_encryption_key", dry_run=True, stdout=out, stderr=StringIO())
    call_command("rotate_encryption_key", dry_run=True, json=True, stdout=document)
    assert "instance_secrets: 62 rows would be re-encrypted" in out.getvalue()
    assert json.loads(document.getvalue())["dryRun"] is True


def test_an_empty_table_is_no_work(db: None) -> None:
    out = StringIO()
    call_command("rotate_encryption_key", stdout=out, stderr=out)
    assert "instance_secrets: 0 rows re-encrypted" in out.getvalue()
