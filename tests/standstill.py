"""Whether calls in threads of their own have come to where they wait for a lock."""

from collections.abc import Callable, Collection
from concurrent.futures import Future
from threading import get_ident
from time import monotonic, sleep
from typing import Any

from django.db import connection

PATIENCE = 20
# Without the snapshot that a transaction otherwise keeps of who is connected.
_WAITING = """
    SELECT count(DISTINCT pg_locks.pid)
    FROM (SELECT pg_stat_clear_snapshot()) AS now, pg_locks JOIN pg_stat_activity USING (pid)
    WHERE NOT pg_locks.granted AND pg_stat_activity.datname = current_database()
"""


class Standstill:
    """Calls that wait behind a lock of the caller's, who is in a transaction meanwhile."""

    def __init__(self) -> None:
        self._writers: set[int] = set()

    def watch(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        """Note who is about to write (``connection.execute_wrapper``)."""
        if sql.startswith("SELECT"):
            return execute(sql, *rest)
        self._writers.add(get_ident())
        try:
            return execute(sql, *rest)
        finally:
            self._writers.discard(get_ident())

    def wait_for(self, calls: Collection[Future[Any]]) -> None:
        """Until each call waits for a lock, or is done."""
        deadline = monotonic() + PATIENCE
        while self._waiting() + sum(call.done() for call in calls) < len(calls):
            assert monotonic() < deadline, "a call waits for something other than a lock"
            sleep(0.01)

    def _waiting(self) -> int:
        if connection.vendor == "sqlite":
            # There is one lock for writing, and the caller has it: who writes, waits.
            return len(self._writers)
        with connection.cursor() as cursor:
            cursor.execute(_WAITING)
            return int(cursor.fetchone()[0])
