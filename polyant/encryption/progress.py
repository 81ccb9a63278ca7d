"""How far the work is: a bar on a terminal, plain lines in a pipe."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from polyant.encryption.stored import Progress, untold

SECONDS_BETWEEN_LINES = 2


class RateColumn(ProgressColumn):
    """Rows a second since the start; rich itself shows a rate only where there is no total."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.completed / task.elapsed:,.0f} rows/s" if task.elapsed else "")


@contextmanager
def show_progress(stream: OutputWrapper, work: dict[str, int]) -> Iterator[Progress]:
    """Gives a function to call with the work done. ``work``: rows to do per table, {} for none."""
    if not work:
        yield untold
    elif stream.isatty():
        with _bar(stream, work) as told:
            yield told
    else:
        yield _lines(stream, work)


@contextmanager
def _bar(stream: OutputWrapper, work: dict[str, int]) -> Iterator[Progress]:
    # rich writes to the stream inside: Django's wrapper would end every piece with a line break.
    console = Console(file=getattr(stream, "_out", None))
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        RateColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console) as bars:
        tasks = {table: bars.add_task(table, total=rows) for table, rows in work.items()}
        yield lambda table, rows: bars.advance(tasks[table], rows)


def _lines(stream: OutputWrapper, work: dict[str, int]) -> Progress:
    done = dict.fromkeys(work, 0)
    last = time.monotonic()

    def told(table: str, rows: int) -> None:
        nonlocal last
        done[table] += rows
        if time.monotonic() - last > SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            stream.write(f"{table}: {done[table]} of {work[table]}")

    return told
