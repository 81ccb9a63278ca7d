"""A new key in `.env`: in front of the old one, nothing else touched, never shown."""

import re
import stat
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.test import override_settings
from pytest_django.fixtures import Settings

from instances.models import Instance
from polyant.encryption.adoption import adopt_key
from polyant.encryption.exceptions import InvalidEncryptionKey
from secrets_app.models import InstanceSecret
from tests.polyant.conftest import worn_out

Manage = Callable[..., subprocess.CompletedProcess[str]]


def _keys(env_file: Path) -> list[str]:
    """The primary key that a `.env` names, and then its fallbacks."""
    found = dict(re.findall(r"^(\w+)=(.*)$", env_file.read_text(), re.MULTILINE))
    return [found["ENCRYPTION_KEY"], *found.get("ENCRYPTION_KEY_FALLBACKS", "").split(",")]


def test_the_new_key_is_first_and_the_old_one_behind_it(
    use_env_file: Path, old_key: str, new_key: str
) -> None:
    adopt_key(new_key, use_env_file)
    assert _keys(use_env_file) == [new_key, old_key]


def test_earlier_fallbacks_stay_behind_the_old_key(
    use_env_file: Path, old_key: str, new_key: str, settings: Settings
) -> None:
    earlier = ["3d" * 32, "4c" * 32]
    use_env_file.write_text(
        f"{use_env_file.read_text()}ENCRYPTION_KEY_FALLBACKS={', '.join(earlier)} \n"
    )
    settings.ENCRYPTION_KEY_FALLBACKS = earlier
    adopt_key(new_key, use_env_file)
    assert _keys(use_env_file) == [new_key, old_key, *earlier]


def test_every_other_line_and_the_mode_stay(use_env_file: Path, new_key: str) -> None:
    before = use_env_file.read_text().splitlines()
    adopt_key(new_key, use_env_file)
    after = use_env_file.read_text().splitlines()
    assert [line for line in before if "ENCRYPTION" not in line] == [
        line for line in after if "ENCRYPTION" not in line
    ]
    assert stat.S_IMODE(use_env_file.stat().st_mode) == 0o640


def test_line_ends_stay_as_they_are(use_env_file: Path, old_key: str, new_key: str) -> None:
    use_env_file.write_bytes(f"A=1\r\nENCRYPTION_KEY={old_key}\r\nB=2\r\n".encode())
    adopt_key(new_key, use_env_file)
    keys = f"ENCRYPTION_KEY={new_key}\r\nB=2\r\nENCRYPTION_KEY_FALLBACKS={old_key}\r\n"
    assert use_env_file.read_bytes() == f"A=1\r\n{keys}".encode()


@pytest.mark.parametrize(
    "first", ["ENCRYPTION_KEY=", "export ENCRYPTION_KEY=", "A=1\nENCRYPTION_KEY="]
)
def test_the_mark_of_a_windows_editor_stays_in_front(
    use_env_file: Path, old_key: str, new_key: str, first: str
) -> None:
    use_env_file.write_text(f"{first}{old_key}\n", encoding="utf-8-sig")
    adopt_key(new_key, use_env_file)
    after = f"{first}{new_key}\nENCRYPTION_KEY_FALLBACKS={old_key}\n"
    assert use_env_file.read_bytes() == after.encode("utf-8-sig")


def test_an_exported_line_stays_exported(use_env_file: Path, old_key: str, new_key: str) -> None:
    use_env_file.write_text(f"export ENCRYPTION_KEY='{old_key}'\n")
    adopt_key(new_key, use_env_file)
    assert f"export ENCRYPTION_KEY={new_key}\n" in use_env_file.read_text()


def test_the_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(
    use_env_file: Path, new_key: str, tmp_path: Path
) -> None:
    with use_env_file.open() as before:
        text = before.read()
        adopt_key(new_key, use_env_file)
        before.seek(0)
        assert before.read() == text
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_link_stays_a_link(use_env_file: Path, new_key: str, tmp_path: Path) -> None:
    target = use_env_file.rename(tmp_path / "env-of-the-host")
    use_env_file.symlink_to(target)
    adopt_key(new_key, use_env_file)
    assert use_env_file.is_symlink()
    assert _keys(target)[0] == new_key


def test_generate_makes_a_key_and_brings_every_row_under_it(
    use_env_file: Path, old_key: str, instance: Instance, settings: Settings
) -> None:
    InstanceSecret.objects.set_many(instance, {"custom": "ü"}, None)
    call_command("rotate_encryption_key", generate=True, stdout=StringIO(), stderr=StringIO())
    new, old = _keys(use_env_file)
    assert (old, len(new)) == (old_key, 64)
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = new, []
    assert InstanceSecret.objects.reveal(instance, "custom") == "ü"


def test_a_server_that_still_has_the_old_key_alone_is_a_reason_to_keep_it(
    use_env_file: Path, old_key: str, instance: Instance, settings: Settings
) -> None:
    def rotate(**options: Any) -> tuple[str, str]:
        out, err = StringIO(), StringIO()
        call_command("rotate_encryption_key", stdout=out, stderr=err, **options)
        return out.getvalue(), err.getvalue()

    out, err = rotate(generate=True)
    assert "may be removed" in out
    assert "Restart every server, run rotate_encryption_key once more, and only then remove" in err
    new = settings.ENCRYPTION_KEY
    with override_settings(ENCRYPTION_KEY=old_key, ENCRYPTION_KEY_FALLBACKS=[]):
        InstanceSecret.objects.set_many(instance, {"custom": "written meanwhile"}, None)
    out, err = rotate()
    assert "instance_secrets: 1 row re-encrypted" in out
    assert err == ""
    with override_settings(ENCRYPTION_KEY=new, ENCRYPTION_KEY_FALLBACKS=[]):
        assert InstanceSecret.objects.reveal(instance, "custom") == "written meanwhile"


def test_a_generated_key_is_never_printed(manage: Manage, env_file: Path) -> None:
    done = manage("rotate_encryption_key", "--generate")
    assert done.returncode == 0, done.stderr
    assert not any(key in done.stdout + done.stderr for key in _keys(env_file))


@pytest.mark.parametrize("way", ["standard input", "file"])
def test_a_given_key_is_never_printed(
    use_env_file: Path, db: None, new_key: str, way: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if way == "file":
        (tmp_path / "key").write_text(f"{new_key}\n")
        monkeypatch.setenv("NEW_ENCRYPTION_KEY_FILE", str(tmp_path / "key"))
    else:
        monkeypatch.setattr("sys.stdin", StringIO(f"{new_key}\n"))
    call_command("rotate_encryption_key", "--new-key")
    assert _keys(use_env_file)[0] == new_key
    assert not any(key in "".join(capfd.readouterr()) for key in _keys(use_env_file))


@pytest.mark.parametrize(
    "text", ["", "short", "zz" * 32, "1f" * 32, "1F" * 32], ids=lambda text: text[:5] or "empty"
)
def test_a_key_that_is_malformed_or_known_is_refused(use_env_file: Path, text: str) -> None:
    before = use_env_file.read_text()
    with pytest.raises(InvalidEncryptionKey, match=r"^The new key ") as refusal:
        adopt_key(text, use_env_file)
    assert not text or text not in str(refusal.value)
    assert use_env_file.read_text() == before


def test_a_key_that_is_a_fallback_already_is_refused_as_the_new_one(
    use_env_file: Path, settings: Settings
) -> None:
    settings.ENCRYPTION_KEY_FALLBACKS = ["3d" * 32]
    with pytest.raises(InvalidEncryptionKey, match=r"^The new key cannot be used: it repeats"):
        adopt_key("3d" * 32, use_env_file)


def test_a_dry_run_takes_no_new_key(use_env_file: Path) -> None:
    before = use_env_file.read_text()
    with pytest.raises(CommandError, match="dry run"):
        call_command("rotate_encryption_key", generate=True, dry_run=True)
    assert use_env_file.read_text() == before


@pytest.mark.usefixtures("stored", "use_env_file")
def test_where_no_row_can_be_written_the_next_try_needs_no_other_key() -> None:
    with worn_out("read-only"), pytest.raises(DatabaseError) as caught:
        call_command("rotate_encryption_key", "--generate", stderr=StringIO())
    told = "What was done so far stays; run this again, without a new key"
    assert caught.value.__notes__ == [told]
