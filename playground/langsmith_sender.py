"""Sends runs to LangSmith with its own SDK, from one thread that lives while there are some.

The SDK's own background threads (one or two per key, awake every 50 ms) are left off: here there
are many keys. Its log is off too (``polyant.logs``): after a failure it has a part of the key. It
gets nothing from the environment: instances say what is traced, and settings where to.
"""

import logging
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from langsmith import Client

MAX_WAITING = 100
MAX_CLIENTS = 8
IDLE_SECONDS = 1.0
# To connect, and to answer.
TIMEOUT_MS = (2_000, 4_000)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Run:
    address: str
    key: str = field(repr=False)
    fields: dict[str, Any] = field(repr=False)


_waiting: Queue[_Run] = Queue(MAX_WAITING)
_lock = threading.Lock()
_thread: threading.Thread | None = None


def send(key: str, fields: dict[str, Any]) -> None:
    """Queue a run to be sent. If too many are waiting it is dropped: no completion waits."""
    try:
        with _lock:
            _waiting.put_nowait(_Run(settings.LANGSMITH_ENDPOINT, key, fields))
            _start()
    except (Full, RuntimeError) as error:
        # Too many are waiting, or no thread can be started any more.
        _log.warning("A trace is dropped: %s", type(error).__name__)


def _start() -> None:
    global _thread
    if _thread is None or not _thread.is_alive():
        # No daemon: what waits when the server stops is still sent.
        _thread = threading.Thread(target=_work, name="langsmith", daemon=False)
        _thread.start()


def _work() -> None:
    clients = _Clients()
    while run := _next():
        try:
            clients.get(run.address, run.key).create_run(**run.fields)
        except Exception as error:  # noqa: BLE001
            # Its text may hold the key, or what LangSmith said of the run.
            _log.warning("LangSmith took no trace: %s", type(error).__name__)
            if not threading.main_thread().is_alive():
                break  # the server stops, and must not wait for one time-out after another
    clients.close()


def _next() -> _Run | None:
    """The next run; None, and the thread ends, after ``IDLE_SECONDS`` without one."""
    global _thread
    try:
        return _waiting.get(timeout=IDLE_SECONDS)
    except Empty:
        with _lock:
            if _waiting.empty():
                _thread = None
                return None
        return _waiting.get()


class _Clients:
    """The last few keys' clients, for their open connections."""

    def __init__(self) -> None:
        self._clients: OrderedDict[tuple[str, str], Client] = OrderedDict()

    def get(self, address: str, key: str) -> "Client":
        """The client of a key; the least recently used one may be closed for it."""
        client = self._clients.pop((address, key), None) or _client(address, key)
        self._clients[address, key] = client
        while len(self._clients) > MAX_CLIENTS:
            self._clients.popitem(last=False)[1].close()
        return client

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def _clear_environment() -> None:
    """Take away what the SDK looks for in the environment, some of it while it is imported.

    Not all of it can be set by an argument: with both LANGSMITH_ENDPOINT, which is the name of a
    setting of ours, and LANGSMITH_RUNS_ENDPOINTS the SDK would not even start.
    """
    for name in [*os.environ]:
        if name.startswith(("LANGSMITH_", "LANGCHAIN_")):
            del os.environ[name]


def _client(address: str, key: str) -> "Client":
    _clear_environment()
    # Here, in the thread: the import takes a second that others need not pay.
    from langsmith import Client
    from requests import Session
    from urllib3 import Retry

    session = Session()
    # No .netrc, and no redirect: requests would send the key to another host.
    session.trust_env = False
    session.max_redirects = 0
    retry = Retry(
        1,
        connect=0,
        read=0,
        status_forcelist=[429, 502, 503],
        allowed_methods=None,
        respect_retry_after_header=False,  # it may be an hour, and others wait
    )
    return Client(
        address,
        api_key=key,
        session=session,
        retry_config=retry,
        timeout_ms=TIMEOUT_MS,
        auto_batch_tracing=False,
        # What else the SDK would read from the environment, and send or obey.
        hide_inputs=False,
        hide_outputs=False,
        hide_metadata=False,
        omit_traced_runtime_info=True,
        disable_prompt_cache=True,
        tracing_mode="langsmith",
        tracing_sampling_rate=1,
        workspace_id="",
    )
