"""`make run` as a person meets it: first start, later ones, stop, and what it refuses."""

import os
import re
import secrets
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.live import Checkout, own_database, shown_password

KEY = secrets.token_hex(32)
REMEDY = "openssl rand -hex 32"
SERVERS = {
    "serve": ("manage.py", "serve"),
    "granian": ("-m", "granian", "polyant.wsgi:application", "--port", "0"),
    "wsgi": ("-c", "import polyant.wsgi"),
}
FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "missing": ({}, "ENCRYPTION_KEY is not set"),
    "short": ({"ENCRYPTION_KEY": "1f" * 31}, "ENCRYPTION_KEY must be 64"),
    "not hexadecimal": ({"ENCRYPTION_KEY": "xy" * 32}, "ENCRYPTION_KEY must be 64"),
    "unreadable file": ({"ENCRYPTION_KEY_FILE": "no-such-file"}, "ENCRYPTION_KEY_FILE"),
    "empty file": ({"ENCRYPTION_KEY_FILE": os.devnull}, "ENCRYPTION_KEY_FILE"),
    "twice": ({"ENV_FILE": "twice.env"}, "ENCRYPTION_KEY is set 2 times"),
    "no SECRET_KEY": ({"ENCRYPTION_KEY": KEY}, "SECRET_KEY is not set"),
}
# Each process costs a start of Django. The servers share their check: a few faults show that.
REFUSALS = [
    *(("wsgi", fault) for fault in FAULTS),
    *(("serve", fault) for fault in ("missing", "unreadable file", "twice", "no SECRET_KEY")),
    *(("granian", fault) for fault in ("missing", "twice")),
]
# What a build calls.
BUILD = ("makemigrations --check --dry-run", "collectstatic --dry-run --no-input", "spectacular")
ONE_AFTER_ANOTHER = """
import runpy, sys
for line in sys.argv[1:]:
    sys.argv = ["manage.py", *line.split()]
    runpy.run_path("manage.py", run_name="__main__")
print("built")
"""
STORE = """
from instances.models import Instance
from secrets_app.models import InstanceSecret
InstanceSecret.objects.set_many(Instance.objects.get(), {"custom_key": "stored"}, None)
"""


def fetch(url: str) -> str:
    with build_opener(ProxyHandler({})).open(url, timeout=10) as answer:
        body: bytes = answer.read()
    return body.decode("latin-1")


def test_first_start(project: Checkout) -> None:
    password = shown_password(project.first_output)
    assert project.first_exit_code == 0
    assert stat.S_IMODE(project.env_file.stat().st_mode) == 0o600
    assert password
    assert project.first_output.count(password) == 1
    assert f"curl -s {project.url}/api/instances/my-assistant/secrets" in project.first_output
    assert "Traceback" not in project.first_output
    assert "level=" not in project.first_output, "something was logged"


def test_two_first_starts_at_one_moment_make_one_of_everything(
    project: Checkout, tmp_path: Path
) -> None:
    with own_database() as database:
        place = database or {"DATABASE_URL": f"sqlite:///{tmp_path}/new.sqlite3"}
        with ThreadPoolExecutor(2) as pool:
            starts = [pool.submit(project.call, "manage.py", "bootstrap", **place) for _ in "12"]
        done = [start.result() for start in starts]
    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    assert sum(bool(shown_password(each.stdout)) for each in done) == 1


def test_what_a_start_makes_is_for_its_owner_only(project: Checkout) -> None:
    # SQLite gives its other files the mode of the first.
    made = [*project.folder.glob("db.sqlite3*"), project.folder / "staticfiles"]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made}
    assert not {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


def test_what_no_page_asks_for_is_not_collected(project: Checkout) -> None:
    collected = project.folder / "staticfiles"
    assert not (collected / "rest_framework").exists()
    assert not (collected / "drf_spectacular_sidecar" / "redoc").exists()
    assert not (collected / "admin" / "css" / "base.css").exists(), "it has a hash in its name"
    assert not [*collected.rglob("*.map.gz")]


def test_later_start_changes_nothing_and_stops_on_ctrl_c(project: Checkout) -> None:
    keys = project.env_file.read_bytes()
    with project.running() as server:
        with ThreadPoolExecutor(8) as pool:  # the first requests that the workers get
            documents = {*pool.map(fetch, [f"{project.url}/api/schema"] * 8)}
        assert len(documents) == 1
        for page in ("/api/docs", "/admin/login/"):
            html = fetch(f"{project.url}{page}")
            assets = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
            assert assets
            assert all(fetch(f"{project.url}{asset}") for asset in assets)
        assert server.stop(signal.SIGINT) == 0
    assert project.env_file.read_bytes() == keys
    assert not shown_password(server.output)
    assert "Traceback" not in server.output


def test_a_stop_that_comes_early_waits_until_it_can_be_quiet(project: Checkout) -> None:
    starting = subprocess.Popen(
        (sys.executable, "dev.py", "run"),
        cwd=project.folder, env=project.environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        while b"manage.py" not in Path(f"/proc/{starting.pid}/cmdline").read_bytes():
            assert starting.poll() is None
        starting.send_signal(signal.SIGTERM)
        assert starting.communicate(timeout=60) == ("", "")
        assert starting.returncode == 0
    finally:
        starting.kill()


def test_writes_no_new_key_beside_encrypted_rows(project: Checkout) -> None:
    stored = project.call("manage.py", "shell", "-c", STORE)
    assert stored.returncode == 0, stored.stderr
    kept = project.env_file.rename(project.folder / ".env.kept")
    try:
        refused = project.call("dev.py", "run")
        assert not project.env_file.exists()
    finally:
        kept.rename(project.env_file)
    _assert_one_line(refused, "instance_secrets", "Restore the .env", "ENCRYPTION_KEY", REMEDY)


def test_guesses_nothing_without_the_database(project: Checkout) -> None:
    nowhere = f"postgres://postgres:@/none?host={project.folder}"
    no_file = {"ENV_FILE": "new.env", "DATABASE_URL": nowhere}
    refused = project.call("manage.py", "write_env", **no_file)
    _assert_one_line(refused, "cannot be used", "DATABASE_URL", "Nothing was written")
    assert not (project.folder / "new.env").exists()


def test_makes_no_token_without_the_database(project: Checkout) -> None:
    nowhere = f"postgres://postgres:@/none?host={project.folder}"
    refused = project.call("manage.py", "create_token", "admin", DATABASE_URL=nowhere)
    _assert_one_line(refused, "cannot be used", "DATABASE_URL")
    empty = project.call("manage.py", "create_token", "admin", DATABASE_URL="sqlite:///empty.db")
    _assert_one_line(empty, "manage.py migrate")


def test_no_command_answers_with_a_stack_where_the_database_is_away(project: Checkout) -> None:
    away = f"sqlite:///{project.folder}/none/db.sqlite3"
    refused = project.call("manage.py", "migrate", DATABASE_URL=away)
    _assert_one_line(refused, "unable to open", "DATABASE_URL")


def test_no_command_answers_with_a_stack_where_nothing_was_migrated(project: Checkout) -> None:
    export = ("manage.py", "export_instance", "my-assistant")
    refused = project.call(*export, DATABASE_URL="sqlite:///empty.db")
    _assert_one_line(refused, "no tables yet", "manage.py migrate")


def test_a_command_outside_of_the_virtualenv_says_how_it_is_called(project: Checkout) -> None:
    assert os.access(project.folder / "manage.py", os.X_OK)
    without_packages = project.call("-S", "manage.py", "create_token", "admin")
    _assert_one_line(without_packages, "has no django", ".venv/bin/python manage.py …")


def test_serves_and_says_what_is_not_migrated_not_collected_and_not_behind_a_proxy(
    project: Checkout,
) -> None:
    wrong = {"DATABASE_URL": "sqlite:///empty.db", "HTTPS": "1"}
    kept = (project.folder / "staticfiles").rename(project.folder / "kept")
    try:
        with project.running("manage.py", "serve", **wrong) as server:
            assert server.stop(signal.SIGHUP) == 0, "as by a terminal that is closed"
    finally:
        kept.rename(project.folder / "staticfiles")
    told = [line for line in server.output.splitlines() if not line.startswith("Serving ")]
    assert len(told) == 3
    assert "manage.py migrate" in told[0]
    assert "manage.py collectstatic" in told[1]
    assert "BEHIND_PROXY=1" in told[2]


def test_refuses_a_port_that_is_taken_before_it_says_anything(project: Checkout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = project.call("dev.py", "run", PORT=str(port))
    assert refused.stdout == ""
    _assert_one_line(refused, f"Cannot listen on port {port}", "PORT=")


def test_a_command_that_nobody_reads_or_that_has_no_streams_ends_quietly(project: Checkout) -> None:
    shell = (
        'for each in "" 1; do PYTHONUNBUFFERED=$each "$0" manage.py version | true;'
        ' echo "${PIPESTATUS[0]}"; done; "$0" manage.py version <&- >&-'
    )
    done = subprocess.run(
        ("bash", "-c", shell, sys.executable), cwd=project.folder, check=False,
        env=project.environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert {*done.stdout.split()} <= {"0", "1"}, "the reader may be gone before or after the line"
    assert done.returncode == 0


@pytest.mark.parametrize(("server", "fault"), REFUSALS)
def test_starts_with_no_bad_key(project: Checkout, server: str, fault: str) -> None:
    variables, words = FAULTS[fault]
    (project.folder / "twice.env").write_text(f"ENCRYPTION_KEY={KEY}\nENCRYPTION_KEY={KEY}\n")
    refused = project.call(*SERVERS[server], **{"ENV_FILE": "none.env", **variables})
    _assert_one_line(refused, words, REMEDY)
    assert KEY not in refused.stdout + refused.stderr


def test_a_build_needs_no_key_and_no_file_of_one(project: Checkout) -> None:
    absent = {"ENCRYPTION_KEY_FILE": "no-such-file", "SECRET_KEY_FILE": "no-such-file"}
    built = project.call("-c", ONE_AFTER_ANOTHER, *BUILD, ENV_FILE="none.env", **absent)
    assert built.returncode == 0, built.stderr
    assert built.stdout.endswith("built\n")


def _assert_one_line(refused: subprocess.CompletedProcess[str], *words: str) -> None:
    assert refused.returncode != 0
    assert len(refused.stderr.splitlines()) == 1, refused.stderr
    assert all(word in refused.stderr for word in words), refused.stderr
