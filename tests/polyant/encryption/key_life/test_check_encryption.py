"""`check_encryption`: every row opened, the ones that do not open named, and no value shown."""

import json
import subprocess
from collections.abc import Callable
from io import StringIO
from itertools import product
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from pytest_django.fixtures import Settings

from instances.models import Instance
from polyant.database import reason
from secrets_app.models import InstanceSecret

Manage = Callable[..., subprocess.CompletedProcess[str]]
KeyId = Callable[[str], str]

PLAINTEXT = "sk-feedfacecafebeef-and-more"
COMMANDS = ["check_encryption", "rotate_encryption_key"]  # both read every row


def _check(**options: bool) -> tuple[str, int]:
    """What the command prints, and its exit code."""
    out, code = StringIO(), 0
    try:
        call_command("check_encryption", stdout=out, **options)
    except SystemExit as stop:
        code = int(stop.code or 0)
    return out.getvalue(), code


def _report() -> dict[str, Any]:
    report: dict[str, Any] = json.loads(_check(json=True)[0])
    return report


@pytest.fixture
def damaged(
    stored: Instance,
    tamper: Callable[[str, str, str], None],
    overwrite: Callable[[str, str], None],
) -> Instance:
    """Of four rows one is tampered with, and one holds what was never sealed."""
    tamper("instance_skill_env", "value", "TOKEN")
    overwrite("custom", PLAINTEXT)
    return stored


def test_rows_that_open_are_counted_per_table_and_key(
    stored: Instance, old_key: str, key_id: KeyId
) -> None:
    text, code = _check()
    assert code == 0
    assert f"instance_secrets: 2 rows readable with key {key_id(old_key)}" in text
    assert f"instance_channels: 1 row readable with key {key_id(old_key)}" in text
    assert text.endswith("0 rows unreadable\n")


def test_an_empty_database_is_fine(db: None) -> None:
    assert _check()[1] == 0
    assert set(_report()["readable"]) == {
        "instance_secrets", "instance_skill_env", "instance_channels",
    }  # fmt: skip


def test_the_document_has_keys_counts_and_rows(
    stored: Instance, old_key: str, new_key: str, key_id: KeyId, settings: Settings
) -> None:
    settings.ENCRYPTION_KEY_FALLBACKS = [new_key]
    assert _report() == {
        "keys": {"primary": key_id(old_key), "fallbacks": [key_id(new_key)]},
        "readable": {
            "instance_secrets": {key_id(old_key): 2},
            "instance_skill_env": {key_id(old_key): 1},
            "instance_channels": {key_id(old_key): 1},
        },
        "unreadable": [],
        "unreadableCounts": [],
    }


def test_damage_is_told_by_name_and_reason_with_exit_code_3(damaged: Instance) -> None:
    text, code = _check()
    assert code == 3
    assert "unreadable: instance_secrets my-assistant custom: malformed" in text
    assert "unreadable: instance_skill_env my-assistant web: TOKEN: tampered" in text
    assert "2 rows unreadable" in text
    assert "instance_secrets: 1 row unreadable: malformed" in text


def test_damage_in_the_document(damaged: Instance) -> None:
    assert {(row["table"], row["owner"], row["name"], row["reason"])
            for row in _report()["unreadable"]} == {
        ("instance_secrets", damaged.slug, "custom", "malformed"),
        ("instance_skill_env", damaged.slug, "web: TOKEN", "tampered"),
    }  # fmt: skip
    assert _check(json=True)[1] == 3


def test_damage_is_counted_per_table_key_and_state(
    damaged: Instance, old_key: str, key_id: KeyId
) -> None:
    counts = [tuple(each.values()) for each in _report()["unreadableCounts"]]
    assert counts == [
        ("instance_secrets", "", "malformed", 1),
        ("instance_skill_env", key_id(old_key), "tampered", 1),
    ]


def test_a_key_that_only_damaged_rows_name_is_told_from_one_that_is_needed(
    damaged: Instance, old_key: str, new_key: str, key_id: KeyId, settings: Settings
) -> None:
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = new_key, [old_key]
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("rotate_encryption_key", stdout=out, stderr=out)
    assert f"fallback {key_id(old_key)}: named only by rows that do not open" in out.getvalue()


def test_a_row_under_an_unknown_key_says_which(
    stored: Instance, old_key: str, new_key: str, key_id: KeyId, settings: Settings
) -> None:
    settings.ENCRYPTION_KEY = new_key
    reasons = [row["reason"] for row in _report()["unreadable"]]
    assert reasons == [f"needs key {key_id(old_key)}"] * 4


def test_no_part_of_what_was_never_sealed_is_printed(damaged: Instance) -> None:
    parts = {PLAINTEXT[start : start + 6] for start in range(len(PLAINTEXT) - 5)}
    for command, as_json in product(COMMANDS, [True, False]):
        out = StringIO()
        with pytest.raises(SystemExit):
            call_command(command, stdout=out, stderr=out, json=as_json)
        assert not [part for part in parts if part in out.getvalue()], (command, as_json)


def test_it_says_whether_a_fallback_may_go(
    stored: Instance, old_key: str, new_key: str, key_id: KeyId, settings: Settings
) -> None:
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = new_key, [old_key, "3d" * 32]
    text, _ = _check()
    assert f"fallback {key_id(old_key)}: still needed" in text
    assert f"fallback {key_id('3d' * 32)}: may be removed" in text


def test_a_fallback_list_with_spaces_opens_rows(
    stored: Instance, settings_of: Callable[..., dict[str, Any]], old_key: str, new_key: str,
    settings: Settings, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    keys = {"ENCRYPTION_KEY": new_key, "ENCRYPTION_KEY_FALLBACKS": f" {old_key} , {'3d' * 32},"}
    for name, value in settings_of(**keys).items():
        if name in keys:
            setattr(settings, name, value)
    text, code = _check()
    assert (code, capfd.readouterr().err) == (0, "")
    assert text.endswith("0 rows unreadable\n")


# PostgreSQL stores nothing but UTF-8.
NO_UTF8 = [("", "CAST(x'ff' || substr(value, 2) || %s AS TEXT)")] * (connection.vendor == "sqlite")


@pytest.mark.parametrize(("text", "expression"), [("V1", "%s || substr(value, 3)"), *NO_UTF8])
def test_a_damaged_letter_of_one_row_is_about_that_row(
    stored: Instance, overwrite: Callable[..., None], text: str, expression: str
) -> None:
    overwrite("custom", text, expression)
    for command in COMMANDS:
        out = StringIO()
        with pytest.raises(SystemExit) as stop:
            call_command(command, stdout=out, stderr=out)
        assert stop.value.code == 3, command
        told = "unreadable: instance_secrets my-assistant custom: malformed"
        assert told in out.getvalue(), command
    assert InstanceSecret.objects.reveal(stored, "openai_api_key") == "sk-1"


@pytest.mark.django_db(transaction=True)
def test_a_missing_table_is_told_and_not_what_follows_upon_it() -> None:
    with connection.schema_editor() as editor:
        editor.execute("ALTER TABLE instance_secrets RENAME TO hidden_secrets")
    try:
        with pytest.raises(DatabaseError) as caught:
            _check()
    finally:
        with connection.schema_editor() as editor:
            editor.execute("ALTER TABLE hidden_secrets RENAME TO instance_secrets")
    assert "instance_secrets" in reason(caught.value)


def test_a_database_that_is_away_is_one_line(manage: Manage) -> None:
    done = manage("check_encryption", DATABASE_URL="sqlite:////no/such/folder/x")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "unable to open database file" in done.stderr
