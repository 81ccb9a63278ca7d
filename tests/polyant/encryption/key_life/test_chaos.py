"""Everything at once: writers, a rotator that is killed again and again, and three broken rows."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import pytest
from pytest_django.fixtures import Settings

from instances.models import Instance
from polyant.encryption.inventory import rows_per_key, take_inventory
from secrets_app.models import InstanceSecret

Process = subprocess.Popen[str]
Call = Callable[..., int]
Values = dict[str, str]

SEED, KILLS, WRITERS, KEYS = 3, 20, 8, 2_500  # 8 × 2 500 rows

DIED, ENDED = int(signal.SIGKILL), 3 << 8  # as `wait` has it: killed, or exit code 3

# Forks a rotator for each line, a batch size, and says its id and then how it ended.
ROTATORS = """
import os, sys, django
django.setup()
from django.core.management import call_command
import polyant.encryption.management.commands.rotate_encryption_key
for line in sys.stdin:
    if not (rotator := os.fork()):
        code = 1
        try:
            with open(os.devnull, "w") as out:
                call_command("rotate_encryption_key", json=True, batch_size=int(line), stdout=out)
        except SystemExit as stop:
            code = stop.code
        finally:
            os._exit(code)
    print(rotator, flush=True)
    print(os.waitpid(rotator, 0)[1], flush=True)
"""


@pytest.fixture
def written(stored: Instance) -> list[Values]:
    """What each writer knows to be stored, in an instance of its own; all under the old key."""
    names = [f"assistant-{number}" for number in range(WRITERS)]
    owners = Instance.objects.bulk_create(Instance(slug=name, name=name) for name in names)
    known = [{f"key_{number}": f"{name} {number}" for number in range(KEYS)} for name in names]
    InstanceSecret.objects.bulk_create(
        InstanceSecret(instance=owner, key=key, value=value)
        for owner, values in zip(owners, known, strict=True)
        for key, value in values.items()
    )
    return known


@contextmanager
def _writers(call: Call, port: int, known: list[Values]) -> Iterator[None]:
    """Set and delete through the API until the block ends; every answer must be the right one."""
    stop = Event()
    with ThreadPoolExecutor(WRITERS) as pool:
        running = [
            pool.submit(_write, call, port, number, values, stop)
            for number, values in enumerate(known)
        ]
        try:
            yield
        finally:
            stop.set()
    assert sum(each.result() for each in running) > 10 * WRITERS


def _write(call: Call, port: int, number: int, values: Values, stop: Event) -> int:
    """One writer's life; how many requests it made. `values` follows what was acknowledged."""
    chance, path, count = random.Random(SEED + number), f"assistant-{number}/secrets", 0
    while not stop.is_set():
        count += 1
        batch = chance.sample(range(KEYS), chance.choice([1, 5, 64]))
        if chance.random() < 0.3:
            key = chance.choice(sorted(values))
            assert call(port, "DELETE", f"{path}/{key}") == 200
            del values[key]
        else:
            new = {f"key_{each}": f"{number} wrote {count}" for each in batch}
            body = [{"key": key, "value": value} for key, value in new.items()]
            assert call(port, "PUT", path, {"secrets": body}) == 200
            values |= new
    return count


def _kill_again_and_again(rotators: Process) -> int:
    """Start a rotator and kill it at a random moment, many times; how many died at work.

    Their batches are small, so that there is work for the last of them too.
    """
    chance, killed = random.Random(SEED), 0
    assert rotators.stdin
    assert rotators.stdout
    for _ in range(KILLS):
        rotators.stdin.write(f"{chance.choice([1, 5, 25])}\n")
        rotators.stdin.flush()
        rotator = int(rotators.stdout.readline())
        time.sleep(chance.uniform(0.02, 0.15))
        with suppress(ProcessLookupError):
            os.kill(rotator, signal.SIGKILL)
        how = int(rotators.stdout.readline())
        assert how in {DIED, ENDED}
        killed += how == DIED
    return killed


@pytest.fixture
def broken(stored: Instance, tamper: Callable[[str, str, str], None]) -> set[tuple[str, str]]:
    """One row in each table that does not open."""
    tamper("instance_secrets", "value", "custom")
    tamper("instance_skill_env", "value", "TOKEN")
    tamper("instance_channels", "credentials", "telegram")
    return {
        ("instance_secrets", "custom"),
        ("instance_skill_env", "web: TOKEN"),
        ("instance_channels", "telegram"),
    }


def test_nothing_that_was_acknowledged_is_lost(
    written: list[Values],
    broken: set[tuple[str, str]],
    start: Callable[..., Process],
    serve: Callable[..., tuple[Process, int]],
    manage: Callable[..., subprocess.CompletedProcess[str]],
    call: Call,
    env_file: Path,
    old_key: str,
    new_key: str,
    key_id: Callable[[str], str],
    settings: Settings,
) -> None:
    env_file.write_text(f"ENCRYPTION_KEY={new_key}\nENCRYPTION_KEY_FALLBACKS={old_key}\n")
    rotators, (_, port) = start(program=ROTATORS), serve(env_file, THREADS="8")
    with _writers(call, port, written):
        assert _kill_again_and_again(rotators) == KILLS
        last = manage("rotate_encryption_key", "--json")

    report = json.loads(last.stdout)
    assert last.returncode == 3
    assert {(row["table"], row["name"]) for row in report["unreadable"]} == broken

    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = new_key, []
    left = {table: rows[key_id(old_key)] for table, rows in rows_per_key().items()}
    assert left == dict.fromkeys(left, 1)
    assert {(row.table, row.name) for row in take_inventory().unreadable} == broken
    for number, values in enumerate(written):
        rows = InstanceSecret.objects.filter(instance__slug=f"assistant-{number}")
        assert {row.key: row.value.reveal() for row in rows} == values
