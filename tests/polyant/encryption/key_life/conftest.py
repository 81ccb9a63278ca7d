"""Machines: a `.env` each, and real processes on the test's database, which is a real one."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django.fixtures import Settings

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import AccessToken, Instance
from polyant.encryption.conf import get_keyring
from polyant.encryption.keyring import Keyring
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from secrets_app.skill_env_managers import EnvEntry
from tests.live import database_url, free_port

ROOT = Path(__file__).resolve().parents[4]
PATIENCE = 60

Process = subprocess.Popen[str]


@pytest.fixture
def old_key(settings: Settings) -> str:
    return str(settings.ENCRYPTION_KEY)


@pytest.fixture
def new_key() -> str:
    return "2e" * 32


@pytest.fixture
def key_id() -> Callable[[str], str]:
    """The id of a key."""
    return lambda text: Keyring.parse(text).primary.key_id


@pytest.fixture
def env_file(tmp_path: Path, old_key: str) -> Path:
    """A `.env` as a person left it."""
    path = tmp_path / ".env"
    path.write_text(f"# ours\nTOKEN_DAYS=7\nENCRYPTION_KEY={old_key}\n\n# the end\n")
    path.chmod(0o640)
    return path


@pytest.fixture
def use_env_file(env_file: Path, old_key: str, settings: Settings) -> Path:
    """This process runs with the keys of `env_file`; they are the test's again at its end."""
    settings.ENV_FILE = env_file
    settings.ENVIRONMENT_VARIABLES = frozenset()
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = old_key, []
    return env_file


@pytest.fixture
def stored(instance: Instance) -> Instance:
    """An instance with a value in every encrypted column."""
    InstanceSecret.objects.set_many(instance, {"openai_api_key": "sk-1", "custom": "ü"}, None)
    InstanceSkillEnv.objects.set_many(instance, "web", [EnvEntry("TOKEN", "b")], None)
    InstanceChannel.objects.connect(instance, TELEGRAM, {"botToken": "1:d"}, None)
    return instance


@pytest.fixture
def tamper(db: None) -> Callable[[str, str, str], None]:
    """Change one character in the middle of a row's ciphertext."""

    def flip(table: str, column: str, name: str) -> None:
        with connection.cursor() as cursor:
            named = "channel_type" if column == "credentials" else "key"
            cursor.execute(f"SELECT {column} FROM {table} WHERE {named} = %s", [name])
            (text,) = cursor.fetchone()
            flipped = text[:30] + ("A" if text[30] != "A" else "B") + text[31:]
            cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {named} = %s", [flipped, name])

    return flip


@pytest.fixture(autouse=True)
def _forget_keys() -> Iterator[None]:
    yield
    get_keyring.cache_clear()


@pytest.fixture
def manage_py() -> str:
    return str(ROOT / "manage.py")


@pytest.fixture
def start(
    env_file: Path, tmp_path: Path, transactional_db: None
) -> Iterator[Callable[..., Process]]:
    """Start a real process of ours; `manage.py` unless it is told another program."""
    started: list[Process] = []

    def begin(*arguments: str, env: Path = env_file, program: str = "", **more: str) -> Process:
        command = ["-c", program] if program else [str(ROOT / "manage.py")]
        process = subprocess.Popen(
            [sys.executable, *command, *arguments],
            cwd=tmp_path, env=_environment(env) | more, start_new_session=True, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with process:  # reaps it and closes the pipes
            pass


@pytest.fixture
def manage(start: Callable[..., Process]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command of `manage.py` to its end."""

    def run(*arguments: str, stdin: str = "", **where: Any) -> subprocess.CompletedProcess[str]:
        process = start(*arguments, **where)
        out, err = process.communicate(stdin, timeout=PATIENCE)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return run


@pytest.fixture
def serve(start: Callable[..., Process]) -> Callable[..., tuple[Process, int]]:
    """Start a server with the keys of a `.env`; its process and port, once it answers."""

    def begin(env: Path, **more: str) -> tuple[Process, int]:
        port = free_port()
        more = {"HOST": "127.0.0.1", "PORT": str(port), "WORKERS": "1", **more}
        process = start("serve", env=env, **more)
        _wait_until_it_listens(process, port)
        return process, port

    return begin


def _wait_until_it_listens(process: Process, port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    pytest.fail("the server did not start")


@pytest.fixture
def call(transactional_db: None, instance: Instance) -> Callable[..., int]:
    """Send a request as a superuser to a server on a port; the status of its answer."""
    user = User.objects.create_superuser("root", None, "root")
    token, _ = AccessToken.objects.issue(user, timedelta(days=1))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(port: int, method: str, path: str, body: Any = None) -> int:
        server = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            server.request(method, f"/api/instances/{path}", json.dumps(body), headers)
            return server.getresponse().status
        finally:
            server.close()

    return send


def _environment(env_file: Path) -> dict[str, str]:
    """Of this process's variables only the path: the keys are to come from the file."""
    own = {"DATABASE_URL": database_url(), "ENV_FILE": str(env_file), "SECRET_KEY": "x" * 50}
    python = {"PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "polyant.settings"}
    return {"PATH": os.environ["PATH"], "LOG_LEVEL": "ERROR", **own, **python}
