"""Whether calls in threads of their own have come to where they wait for a lock."""

from collections.abc import Callable, Collection
from concurrent.futures import Future
from threading import get_ident
from time import monotonic, sleep
from typing import Any

# No statement of a test takes this long unless it waits.
WAITING_SECONDS = 0.1
PATIENCE = 20


class Statements:
    """The statements that are under way, one for each thread; Django's wrapper notes them."""

    def __init__(self) -> None:
        self._begun: dict[int, float] = {}

    def note(self, execute: Callable[..., Any], *statement: Any) -> Any:
        """Wrap one execution (``connection.execute_wrapper``)."""
        self._begun[get_ident()] = monotonic()
        try:
            return execute(*statement)
        finally:
            del self._begun[get_ident()]

    def wait_until_all_wait(self, calls: Collection[Future[Any]]) -> None:
        """Until each call is in a statement that does not end, or done."""
        deadline = monotonic() + PATIENCE
        while self._waiting() + sum(call.done() for call in calls) < len(calls):
            assert monotonic() < deadline, "a call waits for something other than a lock"
            sleep(0.01)

    def _waiting(self) -> int:
        now = monotonic()
        return sum(now - begun > WAITING_SECONDS for begun in list(self._begun.values()))
