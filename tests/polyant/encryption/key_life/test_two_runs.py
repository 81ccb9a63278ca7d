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

# The fewer rows, the fewer of the rows that a writer has are in one statement of a run.
FEW, MANY = 1_000, 3_000

# Forks a process for each line of its input, and lets all of them go at once; each says in files of
# its own what it prints, and from when to when it worked. Fails if one of them does.
TOGETHER = """
import os, random, sys, time, traceback, django
django.setup()
from django.core.management import call_command
import polyant.encryption.management.commands.rotate_encryption_key
from instances.models import Instance
from secrets_app.models import InstanceSecret

def rotate(*arguments):
    call_command("rotate_encryption_key", *arguments)

def write(seed, rows):
    # The same keys over and over, in batches whose order is not that of the rows' ids.
    instance, chance = Instance.objects.get(), random.Random(seed)
    for _ in range(60):
        numbers = chance.sample(range(int(rows)), 64)
        values = {f"key_{number}": f"value {number}" for number in numbers}
        InstanceSecret.objects.set_many(instance, values, None)

def run(number, name, *arguments):
    code = 1
    try:
        os.close(hold)
        os.read(gate, 1)
        began = time.monotonic()
        with open(f"{number}.out", "w") as sys.stdout:
            globals()[name](*arguments)
        with open(f"{number}.times", "w") as times:
            print(began, time.monotonic(), file=times)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)

gate, hold = os.pipe()
lines = sys.stdin.read().splitlines()
for number, line in enumerate(lines):
    os.fork() or run(number, *line.split())
os.close(hold)
sys.exit(any([os.wait()[1] for _ in lines]))
"""


@pytest.fixture
def begin(
    start: Callable[..., Process], instance: Instance, env_file: Path, old_key: str, new_key: str
) -> Callable[..., list[str]]:
    """Store rows under the old key; let processes loose on them together; hear what they say."""

    def run(rows: int, *commands: str) -> list[str]:
        InstanceSecret.objects.bulk_create(
            InstanceSecret(instance=instance, key=f"key_{number}", value=f"value {number}")
            for number in range(rows)
        )
        env_file.write_text(f"ENCRYPTION_KEY={new_key}\nENCRYPTION_KEY_FALLBACKS={old_key}\n")
        process = start(program=TOGETHER)
        out, err = process.communicate("\n".join(commands), timeout=60)
        assert (process.returncode, out, err) == (0, "", "")
        numbers, folder = range(len(commands)), env_file.parent
        _assert_side_by_side([(folder / f"{number}.times").read_text() for number in numbers])
        return [(folder / f"{number}.out").read_text() for number in numbers]

    return run


def _assert_side_by_side(times: list[str]) -> None:
    """There was a moment at which all of them were at work: one after the other proves nothing."""
    began, ended = zip(*(map(float, each.split()) for each in times), strict=True)
    assert max(began) < min(ended)


@pytest.fixture
def assert_done(
    instance: Instance, new_key: str, key_id: KeyId, settings: Settings
) -> Callable[[int], None]:
    """Every row is under the new key alone, with the value that it had."""

    def look(rows: int) -> None:
        settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = new_key, []
        assert rows_per_key()["instance_secrets"] == {key_id(new_key): rows}
        keys = {f"key_{number}": f"value {number}" for number in range(rows)}
        assert InstanceSecret.objects.reveal_many(instance, list(keys)) == keys

    return look


def test_two_runs_finish_the_work_once(
    begin: Callable[..., list[str]], assert_done: Callable[[int], None]
) -> None:
    run = "rotate --json --batch-size 4"
    rotated = [json.loads(out)["rotated"]["instance_secrets"] for out in begin(FEW, run, run)]
    assert sum(rotated) == FEW
    assert_done(FEW)


def test_runs_with_batches_of_other_sizes_do_not_stand_in_each_others_way(
    begin: Callable[..., list[str]], assert_done: Callable[[int], None]
) -> None:
    runs = [f"rotate --json --batch-size {size}" for size in (7, 500, 10_000)]
    rotated = [json.loads(out)["rotated"]["instance_secrets"] for out in begin(FEW, *runs)]
    assert sum(rotated) == FEW
    assert_done(FEW)


def test_writers_of_large_batches_and_a_run_do_not_stand_in_each_others_way(
    begin: Callable[..., list[str]], assert_done: Callable[[int], None]
) -> None:
    runs = [f"rotate --json --batch-size {size}" for size in (1_000, MANY)]
    begin(MANY, *runs, f"write 1 {MANY}", f"write 2 {MANY}")
    assert_done(MANY)
