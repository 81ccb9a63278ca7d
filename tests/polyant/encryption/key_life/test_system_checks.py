"""Django's checks: E001 before anything runs, W002 for rows whose key is not here."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.checks import Tags, run_checks
from django.core.management import execute_from_command_line
from django.test import Client
from pytest_django.fixtures import Settings

from instances.models import Instance
from polyant.encryption.checks import check_stored_keys

Manage = Callable[..., subprocess.CompletedProcess[str]]
KeyId = Callable[[str], str]


@pytest.mark.parametrize("command", ["check_encryption", "rotate_encryption_key", "check"])
def test_e001_stops_a_command_before_it_begins(
    settings: Settings, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    settings.ENCRYPTION_KEY = "1f1f"
    with pytest.raises(SystemExit) as stop:
        execute_from_command_line(["manage.py", command])
    said = capfd.readouterr().err
    assert stop.value.code == 1
    assert "encryption.E001" in said
    assert "1f1f" not in said


@pytest.mark.parametrize("command", ["rotate_encryption_key", "runserver"])
def test_a_bad_key_in_the_env_file_ends_the_process_in_one_line(
    manage: Manage, env_file: Path, command: str
) -> None:
    env_file.write_text("ENCRYPTION_KEY=1f1f\n")
    done = manage(command)
    assert done.returncode == 1
    assert done.stderr.startswith("ENCRYPTION_KEY must be 64")
    assert len(done.stderr.splitlines()) == 1
    assert "1f1f" not in done.stderr


def test_w002_counts_rows_whose_key_is_not_here(
    stored: Instance, old_key: str, new_key: str, key_id: KeyId, settings: Settings
) -> None:
    settings.ENCRYPTION_KEY = new_key
    [warning] = check_stored_keys(databases=["default"])
    assert warning.id == "encryption.W002"
    assert warning.msg.startswith(f"4 rows need encryption key {key_id(old_key)}")


def test_w002_has_one_line_for_each_missing_key(
    stored: Instance, new_key: str, overwrite: Callable[[str, str], None], settings: Settings
) -> None:
    overwrite("custom", f"v1.{'0' * 16}.{'A' * 38}")
    settings.ENCRYPTION_KEY = new_key
    assert len(check_stored_keys(databases=["default"])) == 2


def test_w003_counts_what_was_never_sealed(
    stored: Instance, overwrite: Callable[[str, str], None]
) -> None:
    overwrite("custom", "sk-feedfacecafebeef")
    [warning] = check_stored_keys(databases=["default"])
    assert (warning.id, warning.msg) == ("encryption.W003", "1 row holds no ciphertext of ours.")


@pytest.mark.django_db(transaction=True)
def test_w002_is_told_by_a_server_that_starts(
    stored: Instance,
    serve: Callable[..., tuple[subprocess.Popen[str], int]],
    call: Callable[..., int],
    env_file: Path,
    new_key: str,
) -> None:
    env_file.write_text(f"ENCRYPTION_KEY={new_key}\n")
    server, port = serve(env_file)
    # A worker that answers is one that a stop does not wait for.
    assert call(port, "GET", "my-assistant/secrets") == 200
    server.terminate()
    told, warned = server.communicate(timeout=60)
    assert "Serving" in told
    assert "4 rows need encryption key" in warned


def test_w002_is_silent_where_a_fallback_opens_them(
    stored: Instance, old_key: str, new_key: str, settings: Settings
) -> None:
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = new_key, [old_key]
    assert check_stored_keys(databases=["default"]) == []


def test_w002_asks_the_database_only_when_it_may(
    stored: Instance, new_key: str, settings: Settings
) -> None:
    settings.ENCRYPTION_KEY = new_key
    assert check_stored_keys(databases=None) == []


def test_w002_is_registered_as_a_database_check(
    stored: Instance, new_key: str, settings: Settings
) -> None:
    settings.ENCRYPTION_KEY = new_key
    found = run_checks(tags=[Tags.database], databases=["default"])
    assert "encryption.W002" in {message.id for message in found}


def test_w002_shows_no_part_of_what_was_never_sealed(
    stored: Instance, overwrite: Callable[[str, str], None]
) -> None:
    overwrite("custom", "sk-feedfacecafebeef")
    assert "feedface" not in str(check_stored_keys(databases=["default"]))


def test_readiness_shows_no_part_of_it_either(
    stored: Instance, overwrite: Callable[[str, str], None], client: Client
) -> None:
    overwrite("custom", "sk-feedfacecafebeef")
    assert "feedface" not in client.get("/health/ready").content.decode()


def test_w002_leaves_a_wrong_key_to_e001(stored: Instance, settings: Settings) -> None:
    settings.ENCRYPTION_KEY = "short"
    assert check_stored_keys(databases=["default"]) == []


def test_before_the_first_migration_there_is_nothing_to_tell(execute: Callable[..., None]) -> None:
    execute("ALTER TABLE instance_secrets RENAME TO not_made_yet")
    assert check_stored_keys(databases=["default"]) == []
