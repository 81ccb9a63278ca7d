"""`manage.py bootstrap` and `write_env`: what a first start makes, once."""

import os
import signal
import stat
import sys
from collections.abc import Callable
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from instances import first_start
from instances.models import Instance
from polyant import serving
from secrets_app.models import InstanceSecret


@pytest.fixture(autouse=True)
def _no_static_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take seconds; `tests/test_run.py` collects them for real."""
    monkeypatch.setattr(first_start, "collect_static", lambda: None)


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Path:
    """A place for `.env` where neither it nor the environment has a key."""
    for name in ("ENCRYPTION_KEY", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    settings.ENV_FILE = tmp_path / ".env"
    return tmp_path / ".env"


def call(command: str) -> str:
    output = StringIO()
    call_command(command, stdout=output)
    return output.getvalue()


def test_makes_a_superuser_and_a_demo_once(db: None) -> None:
    first, second = call("bootstrap"), call("bootstrap")
    admin = User.objects.get(is_superuser=True)
    assert "with the password" in first
    assert "with the password" not in second
    assert admin.username == "admin"
    assert list(Instance.objects.values_list("slug", flat=True)) == ["my-assistant"]


def test_makes_nobody_whose_password_was_not_told(db: None) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError), os.fdopen(writer, "wb", buffering=0) as nowhere:
        call_command("bootstrap", stdout=TextIOWrapper(nowhere))
    assert not User.objects.exists()
    assert "with the password" in call("bootstrap")


def test_prints_no_password_that_was_given(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INITIAL_ADMIN_USERNAME", "olive")
    monkeypatch.setenv("INITIAL_ADMIN_PASSWORD", "given-password")
    output = call("bootstrap")
    assert "given-password" not in output
    assert "create_token olive" in output
    assert User.objects.get(username="olive").check_password("given-password")


@pytest.mark.parametrize(
    ("https", "proxy", "hosts", "headers"),
    [
        (False, False, ["127.0.0.1", "localhost"], ""),
        (False, False, [".a.example"], ' -H "Host: a.example"'),
        (True, True, ["*"], ' -H "X-Forwarded-Proto: https"'),
        (True, False, ["*"], None),
    ],
)
def test_prints_a_line_that_works_as_it_is_reached_or_none(
    db: None, settings: Any, https: bool, proxy: bool, hosts: list[str], headers: str | None
) -> None:
    settings.HTTPS, settings.BEHIND_PROXY, settings.ALLOWED_HOSTS = https, proxy, hosts
    output = call("bootstrap")
    address = f"{serving.address().url}/admin/" if headers == "" else "/admin/ of its own address"
    assert f"Sign in at {address} as admin " in output
    lines = [line for line in output.splitlines() if "curl" in line]
    assert [line.partition('Bearer $TOKEN"')[2] for line in lines] == [headers] * len(lines)
    assert len(lines) == (headers is not None)


def test_makes_nobody_a_superuser_in_passing(make_user: Callable[..., User]) -> None:
    make_user("admin")
    with pytest.raises(CommandError, match="INITIAL_ADMIN_USERNAME"):
        call("bootstrap")
    assert not User.objects.filter(is_superuser=True).exists()


def test_leaves_a_superuser_and_instances_alone(superuser: User, other_instance: Instance) -> None:
    assert f"/api/instances/{other_instance.slug}/secrets" in call("bootstrap")
    assert User.objects.count() == Instance.objects.count() == 1


def test_writes_keys_for_their_owner_only(no_keys: Path, db: None) -> None:
    call("write_env")
    lines = [line for line in no_keys.read_text().splitlines() if not line.startswith("#")]
    names, values = zip(*(line.split("=", 1) for line in lines), strict=True)
    assert names == ("SECRET_KEY", "ENCRYPTION_KEY")
    assert stat.S_IMODE(no_keys.stat().st_mode) == 0o600
    assert len(bytes.fromhex(values[1])) == 32
    assert list(no_keys.parent.iterdir()) == [no_keys]


def test_leaves_a_file_alone(no_keys: Path, db: None) -> None:
    no_keys.write_text("ALLOWED_HOSTS=example.com\n")
    assert call("write_env") == ""
    assert no_keys.read_text() == "ALLOWED_HOSTS=example.com\n"


def test_a_link_to_a_folder_that_is_not_mounted_is_named(no_keys: Path, db: None) -> None:
    no_keys.symlink_to(no_keys.parent / "not mounted" / ".env")
    with pytest.raises(CommandError, match="is a link to a file that does not exist"):
        call("write_env")


@pytest.mark.parametrize("variable", ["ENCRYPTION_KEY", "ENCRYPTION_KEY_FILE"])
def test_writes_no_key_that_the_environment_has(
    no_keys: Path, db: None, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "set")
    call("write_env")
    assert "SECRET_KEY=" in no_keys.read_text()
    assert "\nENCRYPTION_KEY=" not in no_keys.read_text()


def test_writes_no_new_key_beside_encrypted_rows(no_keys: Path, instance: Instance) -> None:
    InstanceSecret.objects.set_many(instance, {"openai_api_key": "sk-stored"}, None)
    with pytest.raises(CommandError, match=r"instance_secrets.*Restore.*wipe-unreadable"):
        call("write_env")
    assert not no_keys.exists()


def test_a_file_without_the_key_beside_encrypted_rows_is_no_reason_for_a_new_one(
    no_keys: Path, instance: Instance
) -> None:
    no_keys.write_text("SECRET_KEY=x\n")
    InstanceSecret.objects.set_many(instance, {"openai_api_key": "sk-stored"}, None)
    with pytest.raises(CommandError, match=r"instance_secrets.*Restore"):
        call("write_env")
    assert no_keys.read_text() == "SECRET_KEY=x\n"


class BegunAnew(Exception): ...


def test_a_start_that_wrote_keys_begins_anew_as_it_began(
    db: None, no_keys: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    begun: list[Any] = []

    def begin(*program: Any) -> None:
        begun.extend(program)
        raise BegunAnew

    monkeypatch.setattr(os, "execve", begin)
    settings.ENV_FILE_FOUND, settings.HOST_TZ = False, "Europe/Paris"
    try:
        with pytest.raises(BegunAnew):
            call("start")
        assert signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers) >= {*handlers}
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    program, arguments, environment = begun
    assert (program, arguments) == (sys.executable, sys.orig_argv)
    assert environment == {**os.environ, "TZ": "Europe/Paris"}
    assert "ENCRYPTION_KEY=" in no_keys.read_text()
