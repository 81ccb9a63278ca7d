"""`--wipe-unreadable`: a list of what to enter again first, then only what no key opens."""

import json
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from channels_app.models import InstanceChannel
from instances.audit import Action, AuditEntry
from instances.models import Instance
from polyant.encryption import progress
from polyant.encryption.inventory import take_inventory
from polyant.encryption.wiping import find_lost, wipe
from secrets_app.models import InstanceSecret, InstanceSkillEnv

Manage = Callable[..., subprocess.CompletedProcess[str]]
Tamper = Callable[[str, str, str], None]


@pytest.fixture
def lost(stored: Instance, new_key: str, settings: Settings) -> Instance:
    """An instance whose key is lost, but for one secret that was entered since."""
    settings.ENCRYPTION_KEY = new_key
    InstanceSecret.objects.set_many(stored, {"entered_since": "x"}, None)
    return stored


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command is run, and leaves its lists."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _rows() -> int:
    tables = (InstanceSecret, InstanceSkillEnv, InstanceChannel)
    return sum(table._base_manager.count() for table in tables)


def _wipe(**options: bool | str | StringIO) -> str:
    out = StringIO()
    call_command("rotate_encryption_key", wipe_unreadable=True, stdout=out, **options)
    return out.getvalue()


def _refused(**options: bool | str) -> str:
    """Why nothing is wiped; empty if it was."""
    try:
        _wipe(**options)
    except CommandError as refusal:
        return str(refusal)
    return ""


def test_only_what_no_key_opens_goes_in_all_three_tables(lost: Instance, folder: Path) -> None:
    assert "4 rows deleted" in _wipe(yes=True)
    assert [row.key for row in InstanceSecret.objects.all()] == ["entered_since"]
    assert InstanceSecret.objects.reveal(lost, "entered_since") == "x"
    assert _rows() == 1


def test_a_tampered_row_goes_and_its_neighbours_stay(
    stored: Instance, folder: Path, tamper: Tamper
) -> None:
    tamper("instance_channels", "credentials", "telegram")
    assert "instance_channels my-assistant telegram: tampered" in _wipe(yes=True)
    assert _rows() == 3


def test_the_list_names_what_to_enter_again_in_both_forms(lost: Instance, folder: Path) -> None:
    _wipe(yes=True)
    [text], [document] = folder.glob("re-enter-*.txt"), folder.glob("re-enter-*.json")
    assert text.stem == document.stem
    assert sorted(text.read_text().splitlines()) == [
        "[ ] my-assistant: custom  (instance_secrets)",
        "[ ] my-assistant: openai_api_key  (instance_secrets)",
        "[ ] my-assistant: telegram: botToken  (instance_channels)",
        "[ ] my-assistant: web: TOKEN  (instance_skill_env)",
    ]
    entries = json.loads(document.read_text())["my-assistant"]
    assert {"table": "instance_skill_env", "name": "web: TOKEN"} in entries
    assert {"table": "instance_channels", "name": "telegram", "parts": ["botToken"]} in entries
    assert {name for entry in entries for name in entry} == {"table", "name", "parts"}


def test_the_list_is_there_before_anything_is_deleted(
    lost: Instance, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_and_decline(_: str) -> str:
        assert len(list(folder.glob("re-enter-*"))) == 2
        assert _rows() == 5
        return "yes"

    monkeypatch.setattr("builtins.input", look_and_decline)
    with pytest.raises(CommandError, match="Nothing was deleted"):
        _wipe()
    assert _rows() == 5


def test_without_a_list_nothing_is_deleted(lost: Instance, folder: Path) -> None:
    folder.rmdir()  # the shell stands in a folder that is gone
    with pytest.raises(CommandError, match="run this in another folder"):
        _wipe(yes=True)
    folder.mkdir()
    assert _rows() == 5


def test_the_word_must_be_typed_exactly(
    lost: Instance, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for typed in ("wipe it\n", "WIPE\n", "\n", ""):
        monkeypatch.setattr("sys.stdin", StringIO(typed))
        assert "Nothing was deleted" in _refused(), typed
        assert _rows() == 5, typed


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("typed", "code", "left"), [("wipe\n", 0, 1), ("", 1, 5)])
def test_the_word_is_read_from_a_real_input(
    lost: Instance, manage: Manage, new_key: str, env_file: Path, typed: str, code: int, left: int
) -> None:
    env_file.write_text(f"ENCRYPTION_KEY={new_key}\n")
    done = manage("rotate_encryption_key", "--wipe-unreadable", stdin=typed)
    assert (done.returncode, _rows()) == (code, left)
    assert "Traceback" not in done.stderr


def test_a_dry_run_deletes_nothing_and_writes_no_list(lost: Instance, folder: Path) -> None:
    assert "nothing was deleted" in _wipe(dry_run=True)
    assert (_rows(), list(folder.iterdir())) == (5, [])


def test_with_nothing_unreadable_it_neither_asks_nor_writes(stored: Instance, folder: Path) -> None:
    assert "0 rows unreadable" in _wipe()
    assert (_rows(), list(folder.iterdir())) == (4, [])


def test_only_the_named_tables_are_wiped(lost: Instance, folder: Path) -> None:
    _wipe(yes=True, only="instance_skill_env")
    assert (InstanceSkillEnv.objects.count(), _rows()) == (0, 4)


def test_a_list_of_tables_that_is_none_wipes_nothing(lost: Instance, folder: Path) -> None:
    # As of a variable of the shell that is not set.
    for only in ("", ",", "instance_secrets,", "nowhere"):
        assert "--only takes some of" in _refused(yes=True, only=only), only
        assert _rows() == 5, only


def test_the_audit_trail_has_what_was_deleted(lost: Instance, folder: Path) -> None:
    _wipe(yes=True)
    entries = AuditEntry.objects.filter(action=Action.UNREADABLE_DELETED, instance_id=lost.pk)
    assert {name for entry in entries for name in entry.names} == {
        "instance_secrets/custom",
        "instance_secrets/openai_api_key",
        "instance_skill_env/web: TOKEN",
        "instance_channels/telegram",
    }


def test_the_report_is_one_object_on_request(lost: Instance, folder: Path) -> None:
    [report] = [json.loads(_wipe(yes=True, json=True))]
    assert (report["deleted"], len(report["unreadable"])) == (4, 4)
    assert (folder / report["checklist"]).exists()


def test_the_object_asks_nothing(lost: Instance, folder: Path) -> None:
    with pytest.raises(CommandError, match="--yes"):
        _wipe(json=True)
    assert _rows() == 5


def test_a_row_entered_anew_meanwhile_is_spared(lost: Instance) -> None:
    found = find_lost()
    InstanceSecret.objects.set_many(lost, {"custom": "newer"}, None)
    assert wipe(found) == 3
    assert InstanceSecret.objects.reveal(lost, "custom") == "newer"


def test_a_row_that_is_being_entered_anew_is_spared(
    lost: Instance, together: Callable[..., list[int]]
) -> None:
    found, row = find_lost(), InstanceSecret.objects.get(key="custom")
    deleted = together(
        lambda: wipe(found),
        behind=row,
        meanwhile=lambda: InstanceSecret.objects.set_many(lost, {"custom": "newer"}, None),
    )
    assert deleted == [3]
    assert InstanceSecret.objects.reveal(lost, "custom") == "newer"


def test_an_instance_that_somebody_changes_does_not_keep_its_rows(
    lost: Instance, together: Callable[..., list[int]]
) -> None:
    found = find_lost()
    assert together(lambda: wipe(found), behind=lost) == [4]


def test_many_rows_are_named_and_deleted_in_few_queries(
    stored: Instance, settings: Settings, new_key: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    InstanceSecret.objects.set_many(stored, {f"key_{number}": "x" for number in range(600)}, None)
    settings.ENCRYPTION_KEY = new_key
    with django_assert_max_num_queries(30):
        assert wipe(find_lost()) == 604


def test_progress_is_told_of_opening_and_of_deleting(
    lost: Instance, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    err = StringIO()
    _wipe(yes=True, stderr=err)
    assert err.getvalue().splitlines() == [
        "instance_secrets: 3 of 3",
        "instance_skill_env: 1 of 1",
        "instance_channels: 1 of 1",
        "instance_secrets: 2 of 2",
        "instance_skill_env: 1 of 1",
        "instance_channels: 1 of 1",
    ]


def test_an_instance_deleted_meanwhile_is_no_error(lost: Instance) -> None:
    found = find_lost()
    Instance.objects.remove(lost, None)
    assert wipe(found) == 0
    assert take_inventory().unreadable == []
