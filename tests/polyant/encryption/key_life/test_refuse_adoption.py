"""`.env` is changed only where it decides: elsewhere a new key in it would lock rows away."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, execute_from_command_line
from pytest_django.fixtures import Settings

from instances.models import Instance
from polyant.encryption.adoption import adopt_key
from polyant.encryption.inventory import take_inventory
from polyant.encryption.rotation import rotate
from secrets_app.models import InstanceSecret

Manage = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]

# Six processes wait for a moment that all of them share, and then adopt a key of their own.
ADOPT = """
import os, traceback, django
django.setup()
from django.conf import settings
from polyant.encryption.adoption import adopt_key, generate_key
moment, go = os.pipe()
for _ in range(6):
    if not os.fork():
        try:
            os.close(go)
            key = generate_key()
            os.read(moment, 1)
            adopt_key(key, settings.ENV_FILE)
            print(key, flush=True)
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)
os.close(go)
for _ in range(6):
    os.wait()
"""


@pytest.fixture
def refused(use_env_file: Path, db: None) -> Callable[..., str]:
    """Run the command as it is not allowed: what it says, with `.env` as it was."""

    def run(*arguments: str) -> str:
        before = use_env_file.read_text()
        with pytest.raises(CommandError) as refusal:
            call_command("rotate_encryption_key", *arguments)
        assert use_env_file.read_text() == before
        return str(refusal.value)

    return run


def test_a_key_that_the_environment_has_too_is_refused(
    manage: Manage, env_file: Path, old_key: str
) -> None:
    # `set -a; . ./.env`, or Compose's `env_file`: the environment wins, and keeps the old key.
    before = env_file.read_text()
    done = manage("rotate_encryption_key", "--generate", ENCRYPTION_KEY=old_key)
    assert (done.returncode, env_file.read_text()) == (1, before)
    assert f"does not come from {env_file}" in done.stderr


@pytest.mark.parametrize("name", ["ENCRYPTION_KEY", "ENCRYPTION_KEY_FALLBACKS"])
@pytest.mark.parametrize("form", ["", "_FILE"])
def test_keys_from_the_environment_or_a_file_are_refused(
    refused: Callable[..., str], settings: Settings, name: str, form: str
) -> None:
    # They would win over the line with the new key, or over the one that keeps the old key.
    settings.ENVIRONMENT_VARIABLES = frozenset({name + form})
    assert "ENCRYPTION_KEY does not come from" in refused("--generate")


def test_a_key_that_another_run_replaced_meanwhile_is_kept(
    refused: Callable[..., str], settings: Settings, new_key: str
) -> None:
    settings.ENCRYPTION_KEY = new_key
    assert "were changed in the meantime; run this again" in refused("--generate")


@pytest.mark.parametrize("rows", ["0", "-1", "99999999999999999999"])
def test_a_batch_of_no_rows_or_beyond_all_numbers_costs_no_key(
    refused: Callable[..., str], rows: str
) -> None:
    told = refused("--generate", f"--batch-size={rows}")
    assert told == "--batch-size takes a number of rows, from 1 to 1000000"


def test_a_key_that_the_file_does_not_have_is_refused(
    refused: Callable[..., str], use_env_file: Path
) -> None:
    use_env_file.write_text("SECRET_KEY=x\n")
    assert "ENCRYPTION_KEY does not come from" in refused("--generate")


@pytest.mark.parametrize("name", ["ENCRYPTION_KEY_FILE", "ENCRYPTION_KEY_FALLBACKS_FILE"])
def test_a_file_of_keys_that_the_env_file_names_is_refused(
    refused: Callable[..., str], use_env_file: Path, name: str
) -> None:
    # It would be another key than the new line has, and then nothing starts.
    use_env_file.write_text(f"{use_env_file.read_text()}{name}=/run/secrets/key\n")
    assert "ENCRYPTION_KEY does not come from" in refused("--generate")


def test_a_fallback_that_somebody_added_meanwhile_is_kept(
    refused: Callable[..., str], use_env_file: Path
) -> None:
    added = f"ENCRYPTION_KEY_FALLBACKS={'9c' * 32}\n"
    use_env_file.write_text(use_env_file.read_text() + added)
    assert "changed in the meantime" in refused("--generate")


@pytest.mark.parametrize("before", [["--new-key"], ["--generate"], [], ["--key"]], ids=str)
@pytest.mark.parametrize("form", ["{0} {1}", "{0}={1}"])
def test_a_key_on_the_command_line_is_refused_without_repeating_it(
    use_env_file: Path, new_key: str, before: list[str], form: str,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    text = use_env_file.read_text()
    arguments = form.format(*before, new_key).split() if before else [new_key]
    with pytest.raises(SystemExit) as stop:
        execute_from_command_line(["manage.py", "rotate_encryption_key", *arguments])
    said = "".join(capfd.readouterr())
    assert (stop.value.code, use_env_file.read_text()) == (2, text)
    assert "Nothing was done" in said
    assert new_key not in said


def test_two_ways_to_a_new_key_exclude_each_other(capfd: pytest.CaptureFixture[str]) -> None:
    both = ["rotate_encryption_key", "--generate", "--new-key"]
    with pytest.raises(SystemExit, match="2"):
        execute_from_command_line(["manage.py", *both])
    said = "--new-key and --generate exclude each other. Nothing was done.\n"
    assert capfd.readouterr().err == said


def test_a_database_that_is_away_costs_no_key(manage: Manage, env_file: Path) -> None:
    before = env_file.read_text()
    done = manage("rotate_encryption_key", "--generate", DATABASE_URL="sqlite:////no/such/folder/x")
    assert (done.returncode, env_file.read_text()) == (1, before)
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.endswith("cannot be used: unable to open database file\n")


def test_a_key_that_is_no_text_is_one_line(start: Start, env_file: Path) -> None:
    process = start("rotate_encryption_key", "--new-key")
    assert process.stdin
    process.stdin.buffer.write(b"\xff\xd8\n")  # type: ignore[attr-defined]
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert len(err.splitlines()) == 1


def test_a_key_file_without_the_word_for_it_is_not_passed_over(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEW_ENCRYPTION_KEY_FILE", "/missing")
    assert "--new-key" in refused()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_of_the_file_stays_its_owner(use_env_file: Path, new_key: str) -> None:
    os.chown(use_env_file, 12345, 12345)
    adopt_key(new_key, use_env_file)
    assert (use_env_file.stat().st_uid, use_env_file.stat().st_gid) == (12345, 12345)


def test_a_key_file_that_cannot_be_read_is_one_line(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEW_ENCRYPTION_KEY_FILE", "/missing")
    assert len(refused("--new-key").splitlines()) == 1


def test_of_many_adoptions_at_one_moment_each_that_succeeds_is_in_the_file(
    start: Start, env_file: Path, old_key: str
) -> None:
    keys = start(program=ADOPT).communicate(timeout=60)[0].split()
    assert keys
    assert all(key in env_file.read_text() for key in [*keys, old_key])


def test_a_new_key_is_adopted_with_rows_of_an_instance_that_is_being_deleted(
    use_env_file: Path, new_key: str, instance: Instance
) -> None:
    values = {f"key_{number}": "x" for number in range(64)}
    InstanceSecret.objects.set_many(instance, values, None)
    read: list[str] = []

    def delete_meanwhile(table: str, _: int) -> None:
        read.append(table)
        if len(read) == 10:
            Instance.objects.remove(instance, None)

    adopt_key(new_key, use_env_file)
    assert rotate(batch_size=1, progress=delete_meanwhile).is_complete
    assert 10 <= len(read) < 64
    assert take_inventory().unreadable == []
