"""How much longer a rotation takes than the database needs to rewrite the same rows.

    python -m benchmarks.rotation [--rows 1000000] [--database sqlite|postgresql] [--rounds 3]

The floor is a plain ``UPDATE`` of the same rows, in the same order and batches. Both run on the
same tidied table, in turn; the median of the rounds' ratios is printed, beside the bound for it.
"""

import argparse
import os
import resource
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.postgresql import postgresql

BATCH = 10_000
BOUNDS = {"postgresql": 1.7, "sqlite": 2.0}
# The order of the walk, what comes before its first row, and the text that is written. SQLite
# compares before it writes, and would leave every page alone for `value || ''`: there, two groups
# of four characters change places, which the CHECK still takes for a ciphertext.
FLOORS: dict[str, tuple[str, Any, str]] = {
    "postgresql": ("id", "00000000-0000-0000-0000-000000000000", "value || ''"),
    "sqlite": (
        "rowid",
        0,
        "substr(value, 1, 20) || substr(value, 25, 4) || substr(value, 21, 4) || substr(value, 29)",
    ),
}
OLD_KEY, NEW_KEY = "0d" * 32, "1e" * 32


def main() -> None:
    arguments = _arguments()
    with database(arguments.database) as url:
        set_up(url)
        _fill(arguments.rows)
        print(f"{arguments.database}, {arguments.rows} rows, batches of {BATCH}", flush=True)
        rounds = [_round(number) for number in range(arguments.rounds)]
    ratios = [rotation / floor for floor, rotation in rounds]
    rate = arguments.rows / statistics.median(rotation for _, rotation in rounds)
    bound = BOUNDS[arguments.database]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"median ratio {statistics.median(ratios):.2f} (bound {bound}), {rate:.0f} rows/s")
    print(f"peak memory of this process {memory:.0f} MB (bound 150)")


def _round(number: int) -> tuple[float, float]:
    """Seconds of the floor and of a rotation, one right after the other: the load may change."""
    floor = (_timed(_rewrite) + _timed(_rewrite)) / 2
    rotation = _timed(_rotate, new_key=number % 2 == 0)
    ratio = rotation / floor
    print(f"  floor {floor:.2f} s, rotation {rotation:.2f} s, ratio {ratio:.2f}", flush=True)
    return floor, rotation


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    return parser.parse_args()


@contextmanager
def database(kind: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="polyant-benchmark-") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/benchmark.sqlite3"
        else:
            with postgresql() as url:
                yield url


def set_up(url: str) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "polyant.settings",
        "ENV_FILE": os.devnull,
        "DATABASE_URL": url,
        "ENCRYPTION_KEY": OLD_KEY,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "LOG_LEVEL": "ERROR",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _fill(rows: int) -> None:
    """Rows with values as long as an API key, inserted in random order of keys, as in real use."""
    from instances.models import Instance
    from secrets_app.models import InstanceSecret

    instance = Instance.objects.create(slug="benchmark", name="Benchmark")
    for start in range(0, rows, BATCH):
        InstanceSecret.objects.bulk_create(
            InstanceSecret(instance=instance, key=f"key_{number}", value="sk-" + "x" * 48)
            for number in range(start, min(start + BATCH, rows))
        )


def _timed(work: Callable[..., None], **arguments: bool) -> float:
    _tidy()
    start = time.perf_counter()
    work(**arguments)
    return time.perf_counter() - start


def _tidy() -> None:
    """Give both the same table: no dead rows, fresh statistics."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM FULL ANALYZE instance_secrets")
            cursor.execute("CHECKPOINT")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _rewrite() -> None:
    """Plain SQL, page by page in the rotation's order; done twice, it restores the values."""
    from django.db import connection

    order, last, expression = FLOORS[connection.vendor]
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT {order} FROM instance_secrets WHERE {order} > %s ORDER BY {order}"
                f" LIMIT 1 OFFSET {BATCH - 1}",
                [last],
            )
            row = cursor.fetchone()
            cursor.execute(
                f"UPDATE instance_secrets SET value = {expression} WHERE {order} > %s"
                + (f" AND {order} <= %s" if row else ""),
                [last, *(row or ())],
            )
            if row is None:
                return
            (last,) = row


def _rotate(*, new_key: bool) -> None:
    from django.conf import settings

    from polyant.encryption.conf import get_keyring
    from polyant.encryption.rotation import rotate

    keys = [NEW_KEY, OLD_KEY] if new_key else [OLD_KEY, NEW_KEY]
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = keys[0], keys[1:]
    get_keyring.cache_clear()
    report = rotate(batch_size=BATCH)
    if report.unreadable or not report.rotated["instance_secrets"]:
        sys.exit("the rotation did not do its work; the figures mean nothing")


if __name__ == "__main__":
    main()
