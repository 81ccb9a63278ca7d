"""Both runbooks of the README, step by step, with real servers and somebody using them."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Lock

import pytest

from instances.models import Instance

Process = subprocess.Popen[str]
Manage = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[..., tuple[Process, int]]
Call = Callable[..., int]

# A consumer: reveals every secret of the instance until its input is closed.
READ = """
import sys, threading, time, django
django.setup()
from instances.models import Instance
from secrets_app.models import InstanceSecret
instance, stop = Instance.objects.get(), threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
keys = list(InstanceSecret.objects.filter(instance=instance).values_list("key", flat=True))
while not stop.wait(0.05):
    assert all(InstanceSecret.objects.reveal_many(instance, keys).values())
    print("read", flush=True)
"""


def _put(call: Call, port: int, value: str) -> int:
    body = {"secrets": [{"key": key, "value": value} for key in ("custom", "openai_api_key")]}
    return call(port, "PUT", "my-assistant/secrets", body)


def test_with_a_stop(
    stored: Instance, manage: Manage, serve: Serve, call: Call, env_file: Path, old_key: str
) -> None:
    server, port = serve(env_file)
    assert _put(call, port, "before") == 200
    server.terminate()
    assert server.wait(30) == 0

    done = manage("rotate_encryption_key", "--generate")
    assert done.returncode == 0
    assert "may be removed" in done.stdout

    _, port = serve(env_file)
    assert _put(call, port, "after") == 200
    without_old = re.sub(r"ENCRYPTION_KEY_FALLBACKS=.*\n", "", env_file.read_text())
    env_file.write_text(without_old)
    assert old_key not in without_old
    assert manage("check_encryption").returncode == 0


class Hosts:
    """Two hosts with a server each, and a consumer; a process is replaced before it is stopped."""

    def __init__(self, folder: Path, start: Callable[..., Process], serve: Serve) -> None:
        self.files = [folder / "host-0.env", folder / "host-1.env"]
        self.swap = Lock()
        self.ports = [0, 0]
        self._start, self._serve = start, serve
        self._servers: list[Process] = []
        self._reader: Process | None = None

    def roll_out(self, each: Callable[[], None], key: str, *fallbacks: str) -> None:
        """Give these keys to one host after the other, and do something after each."""
        for file in self.files:
            keys = f"ENCRYPTION_KEY={key}\nENCRYPTION_KEY_FALLBACKS={', '.join(fallbacks)}\n"
            file.write_text(keys)
        reader = self._start(env=self.files[0], program=READ)
        with ThreadPoolExecutor(2) as pool:
            ready = list(pool.map(self._serve, self.files))
        assert reader.stdout
        assert reader.stdout.readline() == "read\n"
        replaced, self._servers = self._servers, [server for server, _ in ready]
        for host, (_, port) in enumerate(ready):
            with self.swap:
                self.ports[host] = port
            _stop(replaced[host : host + 1])
            each()
        self._end_reader()
        self._reader = reader

    def end(self) -> None:
        _stop(self._servers)
        self._end_reader()

    def _end_reader(self) -> None:
        """Stop the consumer; if it could not open a value, it has ended with an error."""
        if self._reader:
            _, err = self._reader.communicate(timeout=30)
            assert (self._reader.returncode, err) == (0, "")


def _stop(servers: list[Process]) -> None:
    for server in servers:
        server.terminate()


@contextmanager
def _client(call: Call, hosts: Hosts) -> Iterator[Callable[[], None]]:
    """Sets secrets through both servers in turn; the given function waits for a few more."""
    statuses: list[int] = []
    stop = Event()

    def work() -> None:
        for number in count():
            if stop.is_set():
                return
            with hosts.swap:
                statuses.append(_put(call, hosts.ports[number % 2], f"value {number}"))
            time.sleep(0.02)

    def more() -> None:
        before, deadline = len(statuses), time.monotonic() + 30
        while len(statuses) < before + 6:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        try:
            yield more
        finally:
            stop.set()
        working.result()
    assert set(statuses) == {200}


@pytest.fixture
def hosts(tmp_path: Path, start: Callable[..., Process], serve: Serve) -> Hosts:
    return Hosts(tmp_path, start, serve)


def test_without_a_stop_no_request_fails_at_any_step(
    stored: Instance, hosts: Hosts, manage: Manage, call: Call, old_key: str, new_key: str
) -> None:
    hosts.roll_out(lambda: None, old_key)
    with _client(call, hosts) as go_on:
        hosts.roll_out(go_on, old_key, new_key)
        hosts.roll_out(go_on, new_key, old_key)
        done = manage("rotate_encryption_key", env=hosts.files[0])
        assert done.returncode == 0
        assert "may be removed" in done.stdout
        hosts.roll_out(go_on, new_key)
    hosts.end()
    assert manage("check_encryption", env=hosts.files[1]).returncode == 0


def test_the_readme_has_the_commands_that_are_tested_here() -> None:
    readme = (Path(__file__).resolve().parents[4] / "README.md").read_text()
    section = readme.split("## Changing the master key")[1].split("\n## ")[0]
    assert set(re.findall(r"manage\.py ([a-z_]+(?: --[a-z-]+)?)", section)) == {
        "check_encryption",
        "rotate_encryption_key",
        "rotate_encryption_key --generate",
        "rotate_encryption_key --wipe-unreadable",
    }
