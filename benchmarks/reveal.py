"""What it costs a consumer to read a secret: `reveal` beside the query that it needs anyway.

    python -m benchmarks.reveal [--secrets 1000] [--reads 5000] [--database sqlite|postgresql]

Beside it, for the same row: Django's query for a plain column, and the bare SQL. The three take
turns, read for read, so that a noisy machine disturbs all alike; ratios of medians are printed.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable

from benchmarks.rotation import database, set_up


def main() -> None:
    arguments = _arguments()
    with database(arguments.database) as url:
        set_up(url)
        readers = _readers(arguments.secrets)
        times: list[list[float]] = [[] for _ in readers]
        for number in random.choices(range(arguments.secrets), k=arguments.reads):
            for taken, reader in zip(times, readers, strict=True):
                taken.append(_timed(reader, f"key_{number}"))
    reveal, query, bare = map(statistics.median, times)
    print(f"{arguments.database}, {arguments.secrets} secrets, {arguments.reads} reads")
    print(f"reveal {reveal * 1e6:.0f} µs, {1 / reveal:.0f} a second in one thread")
    print(f"ratio to Django's query {reveal / query:.2f}, to the bare SQL {reveal / bare:.2f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--secrets", type=int, default=1_000)
    parser.add_argument("--reads", type=int, default=5_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    return parser.parse_args()


def _readers(secrets: int) -> tuple[Callable[[str], object], ...]:
    """`reveal`, Django's query for a plain column, and the stored text by a cursor."""
    from django.db import connection

    from instances.models import Instance
    from secrets_app.models import InstanceSecret

    instance = Instance.objects.create(slug="benchmark", name="Benchmark")
    values = {f"key_{number}": f"sk-{number:048d}" for number in range(secrets)}
    InstanceSecret.objects.set_many(instance, values, None)
    pk = instance.pk if connection.vendor == "postgresql" else instance.pk.hex

    def read(key: str) -> object:
        value = InstanceSecret.objects.reveal(instance, key)
        assert value == values[key], "the figures mean nothing"
        return value

    def query(key: str) -> object:
        rows = InstanceSecret.objects.filter(instance=instance, key=key)
        return rows.values_list("version", flat=True).get()

    def bare(key: str) -> object:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT value FROM instance_secrets WHERE instance_id = %s AND key = %s", [pk, key]
            )
            return cursor.fetchone()

    return read, query, bare


def _timed(work: Callable[[str], object], key: str) -> float:
    start = time.perf_counter()
    work(key)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
