"""`manage.py export_instance` and `import_instance`."""

import io
import json
import stat
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from instances.bundles import MAX_BYTES
from instances.models import AuditEntry, Instance, Membership
from tests.instances.bundles.conftest import BASE, MARKER, bundle


def run(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def file(tmp_path: Path, engine_bundle: dict[str, Any]) -> Path:
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(engine_bundle), encoding="utf-8")
    return path


def test_prints_the_bundle_that_the_api_answers(client: APIClient, filled: Instance) -> None:
    printed = json.loads(run("export_instance", "my-assistant"))
    answered = client.get(f"{BASE}/export").json()
    assert {**printed, "exportedAt": ""} == {**answered, "exportedAt": ""}
    entry = AuditEntry.objects.filter(action="instance.exported").earliest("pk")
    assert entry.actor == ""


def test_writes_a_file_for_each_instance_for_its_owner_only(
    filled: Instance, other_instance: Instance, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "folder"
    for _ in range(2):
        names = run("export_instance", "--all", str(folder)).split()
    assert [name.split("-export-")[0] for name in names] == ["my-assistant", "other-assistant"]
    assert sorted(path.name for path in folder.iterdir()) == names
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        text = path.read_text(encoding="utf-8")
        assert path.name.startswith(json.loads(text)["instance"]["slug"])
        assert MARKER not in text


def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(
    instance: Instance, tmp_path: Path
) -> None:
    (name,) = run("export_instance", "--all", str(tmp_path)).split()
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    written = AuditEntry.objects.count()
    with pytest.raises(CommandError, match="Cannot write"):
        run("export_instance", "--all", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert AuditEntry.objects.count() == written


def test_a_bundle_is_printed_as_utf_8_whatever_the_terminal_takes(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    Instance.objects.filter(pk=instance.pk).update(name="Ünï 🤖")
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", terminal)
    call_command("export_instance", "my-assistant")
    terminal.seek(0)
    assert json.loads(terminal.buffer.read())["instance"]["name"] == "Ünï 🤖"


@pytest.mark.parametrize("arguments", [["no-such"], [], ["my-assistant", "--all", "x"]])
def test_export_says_what_is_wrong(instance: Instance, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run("export_instance", *arguments)


def test_imports_as_a_new_instance_and_lists_what_to_enter(db: None, file: Path) -> None:
    lines = run("import_instance", str(file)).splitlines()
    assert lines[:2] == ["Imported support-bot.", "[ ] Set the secret openai_api_key."]
    assert Instance.objects.get().name == "Support bot"
    assert not Membership.objects.exists()
    assert {entry.actor for entry in AuditEntry.objects.all()} == {""}


def test_imports_onto_an_instance(instance: Instance, file: Path) -> None:
    assert "Imported my-assistant." in run("import_instance", str(file), "--onto", "my-assistant")
    instance.refresh_from_db()
    assert instance.name == "Support bot"


def test_a_plan_only_says_what_it_would_do(instance: Instance, file: Path) -> None:
    for onto in ([], ["--onto", "my-assistant"]):
        assert "Would import" in run("import_instance", str(file), "--plan", *onto)
    assert Instance.objects.get().name == "My assistant"
    assert not AuditEntry.objects.exists()


def test_reads_the_standard_input(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO(json.dumps(bundle()).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))
    assert run("import_instance", "-") == "Imported new.\n"


def test_what_was_exported_can_be_imported(filled: Instance, tmp_path: Path) -> None:
    (name,) = run("export_instance", "--all", str(tmp_path)).split()
    assert "my-assistant-imported" in run("import_instance", str(tmp_path / name))


def test_each_fault_is_a_line_and_nothing_is_imported(db: None, tmp_path: Path) -> None:
    content = bundle(name=MARKER * 40, secrets=[{"key": "a", "configured": MARKER}])
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(CommandError) as caught:
        run("import_instance", str(path))
    first, *faults = str(caught.value).splitlines()
    assert first == "Nothing was imported."
    paths = [line.split(":")[0] for line in faults]
    assert paths == ["instance.name", "instance.secrets.0.configured"]
    assert MARKER not in str(caught.value)
    assert not Instance.objects.exists()


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"null", b" " * (MAX_BYTES + 1)])
def test_a_file_that_is_no_bundle_is_refused(db: None, tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "bundle.json"
    path.write_bytes(raw)
    with pytest.raises(CommandError, match="Nothing was imported"):
        run("import_instance", str(path))


def test_import_says_what_is_missing(instance: Instance, file: Path, tmp_path: Path) -> None:
    for arguments in ([str(tmp_path / "none")], [str(tmp_path)], [str(file), "--onto", "no-such"]):
        with pytest.raises(CommandError):
            run("import_instance", *arguments)
    assert Instance.objects.count() == 1
