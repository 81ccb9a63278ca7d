"""`manage.py run_with_secrets`."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import AuditEntry, Instance
from polyant.encryption.conf import get_keyring
from secrets_app.base_environment import base_environment
from secrets_app.exceptions import NotStarted
from secrets_app.management.commands.run_with_secrets import Command
from secrets_app.models import InstanceSecret
from secrets_app.running import execute
from tests.live import ROOT, database_url
from tests.secrets_app.handover import MARKER, check, put, put_env, refused
from tests.settings import ENCRYPTION_KEY_FOR_TESTS

OURS = {
    "ENCRYPTION_KEY": ENCRYPTION_KEY_FOR_TESTS,
    "ENCRYPTION_KEY_FALLBACKS": "2e" * 32,
    "SECRET_KEY_FILE": "secret_key.txt",
    "AUTH_SECRET": "a" * 32,
    "ENV_FILE": os.devnull,
    "DJANGO_SETTINGS_MODULE": "polyant.settings",
    "PYTHONPATH": str(ROOT),
    "LOG_LEVEL": "ERROR",
}
SHELL = {"PATH": os.environ["PATH"], "HOME": "/home/somebody", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
# Says what it is, waits for a signal, and ends with a code of its own. The shell in front of it
# shows what is ignored: Python would ignore SIGPIPE itself.
PROGRAM = """\
import hashlib, json, os, signal, sys
digest = lambda value: hashlib.sha256(value).hexdigest()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print(json.dumps({
    "pid": os.getpid(), "arguments": sys.argv[1:], "parent": open("/proc/self/cmdline").read(),
    "files": os.listdir("/proc/self/fd"),
    "environment": {name.decode(): digest(value) for name, value in os.environb.items()},
}), flush=True)
sys.stdin.read()
"""
SHOW_IGNORED = 'grep SigIgn /proc/self/status; exec "$@"'


@pytest.fixture
def manage(tmp_path: Path, transactional_db: None) -> Callable[..., subprocess.Popen[str]]:
    """Start `manage.py run_with_secrets` as from a shell with our keys in it."""
    (tmp_path / "secret_key.txt").write_text("x" * 50)

    def start(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            (sys.executable, str(ROOT / "manage.py"), "run_with_secrets", *arguments),
            cwd=tmp_path, env={**OURS, **SHELL, "DATABASE_URL": database_url()}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    return start


def test_a_program_has_the_values_in_a_clean_environment_and_its_signals_and_exit_code(
    manage: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    instance: Instance,
    other_instance: Instance,
) -> None:
    put(instance, openai_api_key=f"{MARKER} ü\n2", github_token="left out")
    put(other_instance, aws_region="another instance's")
    put_env(instance, SERP_TOKEN=f"{MARKER}=3")
    put_env(instance, "other", OTHER="another skill's")
    InstanceChannel.objects.connect(instance, TELEGRAM, {"botToken": "1:a"}, None)
    written = AuditEntry.objects.count()
    asked = ("my-assistant", "--only", "openai_api_key", "--skill", "search", "--prefix", "APP_")
    shown = ("sh", "-c", SHOW_IGNORED, "sh", sys.executable, "-c", PROGRAM)
    with manage(*asked, "--", *shown, "--", "--check", "two words") as process:
        assert process.stdout
        ignored, said = process.stdout.readline(), json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (7, "", "")
    values = {"APP_OPENAI_API_KEY": f"{MARKER} ü\n2", "SERP_TOKEN": f"{MARKER}=3", **SHELL}
    hashed = {name: hashlib.sha256(value.encode()).hexdigest() for name, value in values.items()}
    # A shell adds variables of its own.
    found = said["environment"]
    assert {name: found[name] for name in found if name not in {"PWD", "OLDPWD", "_"}} == {
        **hashed, **({"SHLVL": found["SHLVL"]} if "SHLVL" in found else {}),
    }  # fmt: skip
    assert said["pid"] == process.pid
    assert said["arguments"] == ["--", "--check", "two words"]
    assert MARKER not in said["parent"]
    assert {"0", "1", "2"} < {*said["files"]}
    assert len(said["files"]) == 4, "one is the listing's own"
    assert int(ignored.split()[1], 16) & 1 << signal.SIGPIPE - 1 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["secret_key.txt"]
    assert AuditEntry.objects.count() == written, "who reads is not in the trail"


def test_a_program_that_does_not_exist_is_127(
    manage: Callable[..., subprocess.Popen[str]], instance: Instance
) -> None:
    put(instance, openai_api_key=MARKER)
    with manage("my-assistant", "--", "no-such-program") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (127, "")
    assert err.startswith("CommandError: There is no program 'no-such-program'")
    assert len(err.splitlines()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_program_without_a_name_is_127_too(
    instance: Instance, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        Command().run_from_argv(["manage.py", "run_with_secrets", "my-assistant", "--", ""])
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (127, "")
    assert err == "CommandError: A program without a name does not exist.\n"


def test_check_names_what_would_be_set_and_opens_nothing(instance: Instance) -> None:
    put(instance, openai_api_key=MARKER, mine=MARKER)
    put_env(instance, TOKEN=MARKER, lower=MARKER)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE instance_secrets SET key = 'moved' WHERE key = 'mine'")
    assert check("--skill", "search") == ["MOVED", "OPENAI_API_KEY", "TOKEN", "lower"]
    assert "The secret moved cannot be opened (tampered)" in refused()


def test_another_instance_has_secrets_and_variables_of_its_own(
    instance: Instance, other_instance: Instance
) -> None:
    put(instance, ours="1")
    put(other_instance, theirs="2")
    put_env(instance, OURS_TOO="3")
    put_env(other_instance, THEIRS_TOO="4")
    assert check("--skill", "search") == ["OURS", "OURS_TOO"]


def test_only_takes_the_secrets_it_names_and_without_a_name_none(instance: Instance) -> None:
    put(instance, a="1", b="2", c="3")
    put_env(instance, TOKEN="4")
    assert check("--only", "a", "--only", "c") == ["A", "C"]
    assert check("--only", "--skill", "search") == ["TOKEN"]


def test_a_missing_secret_and_a_missing_skill_are_named(instance: Instance) -> None:
    put(instance, openai_api_key=MARKER)
    put_env(instance, "web", TOKEN=MARKER)
    said = refused("--only", "github_token", "openai_api_key", "mine", "--skill", "wbe")
    assert said.splitlines() == [
        "The secret github_token is not configured for this instance.",
        "The secret mine is not configured for this instance.",
        "There are no variables of a skill 'wbe'; skills that have some: web.",
    ]


@pytest.mark.parametrize("options", [("--only", f"{MARKER}"), ("--prefix", f"{MARKER}")])
def test_what_is_no_name_is_not_repeated(instance: Instance, options: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=f"argument {options[0]}: A key is") as caught:
        call_command("run_with_secrets", "my-assistant", *options, "--check")
    assert MARKER not in str(caught.value)


def test_an_unknown_instance_and_a_missing_program_are_told(instance: Instance) -> None:
    assert refused(slug="no-such") == "There is no instance 'no-such'."
    assert "Which program?" in refused(program=())


def test_two_claims_to_one_name_are_refused(instance: Instance) -> None:
    put(instance, serp_token=MARKER)
    put_env(instance, SERP_TOKEN=MARKER)
    assert (
        "SERP_TOKEN is claimed by the secret serp_token and by the variable SERP_TOKEN of search"
    ) in refused("--skill", "search")
    assert check("--skill", "search", "--prefix", "APP_") == ["APP_SERP_TOKEN", "SERP_TOKEN"]


def test_what_needs_a_key_that_is_not_here_is_known_without_opening(
    instance: Instance, settings: Any
) -> None:
    put(instance, openai_api_key=MARKER)
    put_env(instance, TOKEN=MARKER)
    key_id = get_keyring().primary.key_id
    settings.ENCRYPTION_KEY = "2e" * 32
    said = refused("--skill", "search", "--check")
    assert said.splitlines() == [
        f"The secret openai_api_key cannot be opened: it needs encryption key {key_id}.",
        f"The variable TOKEN of search cannot be opened: it needs encryption key {key_id}.",
    ]


def test_a_nul_character_is_refused(instance: Instance) -> None:
    InstanceSecret.objects.create(instance=instance, key="mine", value=f"{MARKER}\0")
    assert refused() == "MINE holds a NUL character, which no variable can."


def test_too_much_for_the_system_is_told_with_the_largest_names() -> None:
    values = {b"SMALL": b"x", b"LARGE": b"x" * 10_000_000, b"MIDDLE": b"xx"}
    with pytest.raises(NotStarted, match=r"--only. Largest: LARGE, MIDDLE, SMALL\.$") as caught:
        execute(["/bin/sh"], values)
    assert caught.value.exit_code == 125
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN


@pytest.mark.parametrize("kind", ["a folder", "no permission", "no first line"])
def test_what_cannot_be_run_is_126(tmp_path: Path, kind: str) -> None:
    program = tmp_path / "program"
    if kind == "a folder":
        program.mkdir()
    else:
        program.write_text("echo")
        program.chmod(0o755 if kind == "no first line" else 0o644)
    with pytest.raises(NotStarted, match="cannot be run") as caught:
        execute([str(program)], {})
    assert caught.value.exit_code == 126


def test_the_base_environment_has_nothing_of_ours(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.HOST_TZ = None
    for name in [*OURS, "DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "PGPASSWORD"]:
        monkeypatch.setenv(name, MARKER)
    monkeypatch.setenv("LC_TIME", "de_DE")
    base = base_environment()
    assert base[b"LC_TIME"] == b"de_DE"
    assert b"TZ" not in base, "it is Django's"
    assert MARKER.encode() not in base.values()
