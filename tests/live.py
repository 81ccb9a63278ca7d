"""The project as a stranger has it: a copy of its files, started by its own command."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener
from uuid import uuid4

import psycopg2
import pytest
from django.db import connection

ROOT = Path(__file__).parent.parent
START_SECONDS = 60


@dataclass
class Checkout:
    """A copy of the working tree with a database of its own and the virtualenv of this process."""

    folder: Path
    database: dict[str, str]
    port: int = field(default_factory=lambda: free_port())
    first_output: str = ""
    first_exit_code: int | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def env_file(self) -> Path:
        return self.folder / ".env"

    def environment(self, **variables: str) -> dict[str, str]:
        """What a person's shell has, and nothing of this process's settings."""
        shell = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {"VENV": sys.prefix, "PORT": str(self.port), **self.database}
        return {**shell, **own, **variables}

    def call(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A Python program to its end."""
        return subprocess.run(
            (sys.executable, *command),
            cwd=self.folder,
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )

    def start_and_stop(self) -> None:
        """The first start, as far as it answers, and what came of it."""
        with self.running() as server:
            self.first_exit_code = server.stop(signal.SIGTERM)
            self.first_output = server.output

    @contextmanager
    def running(self, *command: str, **variables: str) -> Iterator["Running"]:
        """`make run`, or another command that serves, from the moment it answers."""
        log = self.folder / f"{uuid4().hex}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                (sys.executable, *(command or ("dev.py", "run"))),
                cwd=self.folder,
                env=self.environment(**variables),
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
            running = Running(process, log, self.url)
            try:
                running.wait_for_answer()
                yield running
            finally:
                running.end()


@dataclass
class Running:
    """A server process."""

    process: subprocess.Popen[bytes]
    log: Path
    url: str

    @property
    def output(self) -> str:
        return self.log.read_text()

    def wait_for_answer(self) -> None:
        """Until `/health` answers."""
        deadline = time.monotonic() + START_SECONDS
        while not _answers(f"{self.url}/health"):
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def stop(self, number: int) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=START_SECONDS)

    def end(self) -> None:
        """Also when a test failed and left it running."""
        self.process.terminate()
        self.process.wait(timeout=START_SECONDS)


@contextmanager
def checkout(folder: Path) -> Iterator[Checkout]:
    """The files that a commit of the working tree would have, in ``folder``."""
    for name in _tracked():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    with own_database() as database:
        yield Checkout(folder, database)


def _tracked() -> list[str]:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("git is needed to know which files belong to the project")
    # Whoever owns the folder, we only list it.
    listing = ("git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard")
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [name for name in names.split("\0") if name and (ROOT / name).is_file()]


@contextmanager
def own_database() -> Iterator[dict[str, str]]:
    """`DATABASE_URL` of an empty database on the server under test; nothing set means SQLite."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield {}
        return
    name = f"live_{uuid4().hex}"
    _execute(url, f"CREATE DATABASE {name}")
    try:
        yield {"DATABASE_URL": urlsplit(url)._replace(path=f"/{name}").geturl()}
    finally:
        _execute(url, f"DROP DATABASE {name} WITH (FORCE)")


def database_url() -> str:
    """`DATABASE_URL` of the test's own database, for another process."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def _execute(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=5):
            return True
    except (URLError, ConnectionError, TimeoutError):
        return False


def shown_password(output: str) -> str:
    """The password in what a first start printed, "" if there is none."""
    found = re.search(r"with the password (\S+)", output)
    return found[1] if found else ""
