"""`rotate_encryption_key`: everything under the new key, nothing lost, the unreadable named."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from io import StringIO
from threading import Event
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import override_settings
from pytest_django.fixtures import Settings

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import Instance
from polyant.encryption import rotation
from polyant.encryption import stored as stored_rows_module
from polyant.encryption.conf import get_keyring
from polyant.encryption.inventory import rows_per_key, take_inventory
from polyant.encryption.reports import rotation_as_text
from polyant.encryption.rotation import rotate
from polyant.encryption.stored import all_encrypted_fields, pages
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from secrets_app.skill_env_managers import EnvEntry

NEW_KEY = "2e" * 32

Rows = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def stored(instance: Instance) -> None:
    """A value in every encrypted column."""
    InstanceSecret.objects.set_many(instance, {"openai_api_key": "a", "custom": "ü"}, None)
    InstanceSkillEnv.objects.set_many(instance, "web", [EnvEntry("TOKEN", "b")], None)
    InstanceSkillEnv.objects.set_many(instance, "web", [EnvEntry("MODE", "c", False)], None)
    InstanceChannel.objects.connect(instance, TELEGRAM, {"botToken": "1:d"}, None)


@pytest.fixture
def new_key(stored: None, settings: Settings) -> str:
    """The settings on the day of a rotation: a new key first, the old one behind it."""
    settings.ENCRYPTION_KEY_FALLBACKS = [settings.ENCRYPTION_KEY]
    settings.ENCRYPTION_KEY = NEW_KEY
    return get_keyring().primary.key_id


def test_every_row_of_every_table_comes_under_the_primary_key(new_key: str) -> None:
    report = rotate()
    assert report.rotated == {
        "instance_secrets": 2, "instance_skill_env": 2, "instance_channels": 1,
    }  # fmt: skip
    assert {key for rows in rows_per_key().values() for key in rows} == {new_key}


def test_values_are_the_same_after_it_without_the_old_key(
    new_key: str, instance: Instance, settings: Settings
) -> None:
    rotate(batch_size=1)
    settings.ENCRYPTION_KEY_FALLBACKS = []
    assert InstanceSecret.objects.reveal(instance, "custom") == "ü"
    assert InstanceSkillEnv.objects.reveal(instance, "web") == {"TOKEN": "b", "MODE": "c"}
    assert InstanceChannel.objects.reveal(instance, TELEGRAM) == {"botToken": "1:d"}


def test_a_page_of_long_values_has_few_of_them(
    new_key: str, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = {f"key_{number}": "x" * 49_152 for number in range(8)}
    InstanceSecret.objects.set_many(instance, long, None)
    monkeypatch.setattr(stored_rows_module, "PAGE_CHARACTERS", 150_000)
    [field] = all_encrypted_fields(frozenset({"instance_secrets"}))
    assert max(len(page) for page in pages(field)) <= 5
    assert rotate().rotated["instance_secrets"] == 2
    assert sum(len(page) for page in pages(field)) == 10


def test_a_second_run_finds_nothing_to_do(new_key: str, raw_rows: Rows) -> None:
    rotate()
    before = raw_rows("instance_secrets")
    assert set(rotate().rotated.values()) == {0}
    assert raw_rows("instance_secrets") == before


def test_a_dry_run_writes_nothing(new_key: str, raw_rows: Rows) -> None:
    before = raw_rows("instance_secrets")
    assert rotate(dry_run=True).rotated["instance_secrets"] == 2
    assert raw_rows("instance_secrets") == before


def test_a_value_written_between_reading_and_writing_wins(new_key: str, instance: Instance) -> None:
    def write_meanwhile(_: str, __: int) -> None:
        InstanceSecret.objects.set_many(instance, {"custom": "newer"}, None)

    report = rotate(only=frozenset({"instance_secrets"}), progress=write_meanwhile)
    assert report.rotated == {"instance_secrets": 1}
    assert InstanceSecret.objects.reveal(instance, "custom") == "newer"


def test_a_value_written_meanwhile_with_the_old_key_is_for_the_next_pass(
    new_key: str, instance: Instance, settings: Settings
) -> None:
    times = iter([1])

    def write_once(_: str, __: int) -> None:
        for _time in times:
            _write_with_the_old_key(instance, settings)

    report = rotate(only=frozenset({"instance_secrets"}), progress=write_once)
    assert (report.rotated, report.is_complete) == ({"instance_secrets": 2}, True)
    assert rows_per_key()["instance_secrets"] == {new_key: 2}
    assert InstanceSecret.objects.reveal(instance, "custom") == "newer"


def test_what_is_written_faster_than_it_is_rotated_is_left_and_told(
    new_key: str, instance: Instance, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "MAX_PASSES", 2)
    monkeypatch.setattr(rotation, "PAUSE_SECONDS", 0)

    def write_always(_: str, __: int) -> None:
        _write_with_the_old_key(instance, settings)

    report = rotate(only=frozenset({"instance_secrets"}), progress=write_always)
    assert (report.left, report.is_complete) == (1, False)
    assert "1 row still under another key" in rotation_as_text(report)


@pytest.mark.django_db(transaction=True)
def test_a_row_that_a_writer_has_locked_is_left_to_the_writer(
    new_key: str, instance: Instance
) -> None:
    told: list[int] = []
    second_pass = Event()

    def tell(_: str, rows: int) -> None:
        told.append(rows)
        if len(told) == 2:
            second_pass.set()

    with _writing(instance, {"custom": "newer"}, until=second_pass) as writing:
        report = rotate(only=frozenset({"instance_secrets"}), progress=tell)
    # Where one lock is for all, the first pass waits for the writer.
    is_for_all = connection.vendor == "sqlite"
    assert (writing.result(), told[:2]) == ((False, [2]) if is_for_all else (True, [2, 1]))
    assert report.is_complete
    assert report.rotated == {"instance_secrets": 1}
    assert rows_per_key()["instance_secrets"] == {new_key: 2}
    assert InstanceSecret.objects.reveal(instance, "custom") == "newer"


def test_a_row_that_does_not_open_is_left_and_named(new_key: str, instance: Instance) -> None:
    _corrupt("custom")
    report = rotate()
    [row] = report.unreadable
    named = (row.table, row.owner, row.name, row.reason)
    assert named == ("instance_secrets", instance.slug, "custom", "tampered")
    assert report.rotated["instance_secrets"] == 1
    assert report.left == 0
    assert take_inventory().unreadable == report.unreadable


def test_a_row_that_needs_an_unknown_key_says_which(stored: None, settings: Settings) -> None:
    old = get_keyring().primary.key_id
    settings.ENCRYPTION_KEY = NEW_KEY
    report = rotate()
    assert {row.reason for row in report.unreadable} == {f"needs key {old}"}
    assert set(report.rotated.values()) == {0}


def test_the_command_reports_and_exits_with_3_when_rows_stay(new_key: str) -> None:
    _corrupt("custom")
    out = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("rotate_encryption_key", json=True, stdout=out)
    assert stop.value.code == 3
    [row] = json.loads(out.getvalue())["unreadable"]
    _, old = get_keyring().key_ids
    assert (row["reason"], row["keyId"]) == ("tampered", old)


def test_the_command_says_that_the_old_key_may_go(stored: None, settings: Settings) -> None:
    old = get_keyring().primary.key_id
    settings.ENCRYPTION_KEY_FALLBACKS = [settings.ENCRYPTION_KEY]
    settings.ENCRYPTION_KEY = NEW_KEY
    out = StringIO()
    call_command("rotate_encryption_key", stdout=out)
    assert f"fallback {old}: may be removed" in out.getvalue()


def test_a_table_without_encrypted_fields_cannot_be_rotated(db: None) -> None:
    with pytest.raises(CommandError, match="--only"):
        call_command("rotate_encryption_key", only="auth_user")


@contextmanager
def _writing(instance: Instance, values: dict[str, str], until: Event) -> Iterator[Future[bool]]:
    """Somebody else, who has written and takes a while to commit; whether it was until then."""
    written = Event()

    def write() -> bool:
        with closing(connection), transaction.atomic():
            InstanceSecret.objects.set_many(instance, values, None)
            written.set()
            return until.wait(0.5)  # longer than a rotation waits for a row

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        assert written.wait(30)
        yield writing


def _write_with_the_old_key(instance: Instance, settings: Settings) -> None:
    """As a process does that has not been told of the new one."""
    [old] = settings.ENCRYPTION_KEY_FALLBACKS
    with override_settings(ENCRYPTION_KEY=old, ENCRYPTION_KEY_FALLBACKS=[]):
        InstanceSecret.objects.set_many(instance, {"custom": "newer"}, None)


def _corrupt(key: str) -> None:
    """Change one character of a stored text, past the ORM."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM instance_secrets WHERE key = %s", [key])
        (text,) = cursor.fetchone()
        flipped = text[:-6] + ("A" if text[-6] != "A" else "B") + text[-5:]
        cursor.execute("UPDATE instance_secrets SET value = %s WHERE key = %s", [flipped, key])
