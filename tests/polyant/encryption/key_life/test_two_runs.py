"""Several runs at once, and writers beside them: the work is done once, and nobody fails."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from instances.models import Instance
from polyant.encryption.inventory import rows_per_key
from secrets_app.models import InstanceSecret

Process = subprocess.Popen[str]
KeyId = Callable[[str], str]

ROWS = 3_000

# Forks a process for each line of its input, so that they begin together; each says in a file of
# its own what it prints. Fails if one of them does.
TOGETHER = """
import os, random, sys, traceback, django
django.setup()
from django.core.management import call_command
import polyant.encryption.management.commands.rotate_encryption_key
from instances.models import Instance
from secrets_app.models import InstanceSecret

def rotate(*arguments):
    call_command("rotate_encryption_key", *arguments)

def write(seed):
    # The same keys over and over, in batches whose order is not that of the rows' ids.
    instance, chance = Instance.objects.get(), random.Random(seed)
    for _ in range(60):
        numbers = chance.sample(range(3000), 64)
        values = {f"key_{number}": f"value {number}" for number in numbers}
        InstanceSecret.objects.set_many(instance, values, None)

def run(number, name, *arguments):
    code = 1
    try:
        sys.stdout = open(f"{number}.out", "w")
        globals()[name](*arguments)
        sys.stdout.close()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)

lines = sys.stdin.read().splitlines()
for number, line in enumerate(lines):
    os.fork() or run(number, *line.split())
sys.exit(any([os.wait()[1] for _ in lines]))
"""


@pytest.fixture
def begin(
    start: Callable[..., Process], instance: Instance, env_file: Path, old_key: str, new_key: str
) -> Callable[..., list[str]]:
    """Many rows under the old key; let processes loose on them together, and hear what they say."""
    InstanceSecret.objects.bulk_create(
        InstanceSecret(instance=instance, key=f"key_{number}", value=f"value {number}")
        for number in range(ROWS)
    )
    env_file.write_text(f"ENCRYPTION_KEY={new_key}\nENCRYPTION_KEY_FALLBACKS={old_key}\n")

    def run(*commands: str) -> list[str]:
        process = start(program=TOGETHER)
        out, err = process.communicate("\n".join(commands), timeout=60)
        assert (process.returncode, out, err) == (0, "", "")
        folder = env_file.parent
        return [(folder / f"{number}.out").read_text() for number in range(len(commands))]

    return run


@pytest.fixture
def assert_done(
    instance: Instance, new_key: str, key_id: KeyId, settings: Settings
) -> Callable[[], None]:
    """Every row is under the new key alone, with the value that it had."""

    def look() -> None:
        settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = new_key, []
        assert rows_per_key()["instance_secrets"] == {key_id(new_key): ROWS}
        keys = {f"key_{number}": f"value {number}" for number in range(ROWS)}
        assert InstanceSecret.objects.reveal_many(instance, list(keys)) == keys

    return look


def test_two_runs_finish_the_work_once(
    begin: Callable[..., list[str]], assert_done: Callable[[], None]
) -> None:
    # Small enough for the second to begin long before the first is through.
    run = "rotate --json --batch-size 4"
    rotated = [json.loads(out)["rotated"]["instance_secrets"] for out in begin(run, run)]
    assert sum(rotated) == ROWS
    assert min(rotated) > 0
    assert_done()


def test_runs_with_batches_of_other_sizes_do_not_stand_in_each_others_way(
    begin: Callable[..., list[str]], assert_done: Callable[[], None]
) -> None:
    runs = [f"rotate --json --batch-size {size}" for size in (7, 500, 10_000)]
    rotated = [json.loads(out)["rotated"]["instance_secrets"] for out in begin(*runs)]
    assert sum(rotated) == ROWS
    assert_done()


def test_writers_of_large_batches_and_a_run_do_not_stand_in_each_others_way(
    begin: Callable[..., list[str]], assert_done: Callable[[], None]
) -> None:
    runs = [f"rotate --json --batch-size {size}" for size in (1000, 3000)]
    begin(*runs, "write 1", "write 2")
    assert_done()
