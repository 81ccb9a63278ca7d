"""Says when a provider is silent.

A server learns that its client has gone only by writing, so something must be written while nothing
arrives. A thread does the reading: a time-out of the HTTP library would end the conversation.
"""

import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread

import httpx2
from django.conf import settings

PAUSE = b""


def with_pauses(pieces: Iterator[bytes], response: httpx2.Response) -> Generator[bytes, None, None]:
    """The ``pieces`` of a response, and ``PAUSE`` after each few seconds of silence.

    Closed early, it breaks the connection off, and leaves no thread behind. What ``pieces`` raises
    is raised here.
    """
    reader = _Reader(pieces)
    try:
        while (piece := reader.read(settings.STREAM_COMMENT_SECONDS)) is not None:
            yield piece
    finally:
        reader.close(lambda: _break_off(response))


class _Reader:
    """Takes one piece at a time, and none ahead: a slow client slows the provider down."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._wanted: SimpleQueue[bool] = SimpleQueue()
        self._arrived: SimpleQueue[bytes | Exception | None] = SimpleQueue()
        self._is_reading = False
        # A daemon: a server that stops does not wait for a silent provider.
        self._thread = Thread(target=self._work, name="completion", daemon=True)
        self._thread.start()

    def read(self, seconds: float) -> bytes | None:
        """The next piece; ``PAUSE`` if none arrives in time, None at the end."""
        if not self._is_reading:
            self._is_reading = True
            self._wanted.put(True)
        try:
            piece = self._arrived.get(timeout=seconds)
        except Empty:
            return PAUSE
        self._is_reading = False
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self, break_off: Callable[[], None]) -> None:
        self._wanted.put(False)
        if self._is_reading:
            break_off()
        self._thread.join()

    def _work(self) -> None:
        try:
            while self._wanted.get():
                self._arrived.put(next(self._pieces, None))
        except Exception as error:  # noqa: BLE001
            self._arrived.put(error)  # `read` raises it


def _break_off(response: httpx2.Response) -> None:
    """Shut down the socket: to close the response would not wake a thread that reads from it."""
    with suppress(OSError):
        connection = response.extensions["network_stream"].get_extra_info("socket")
        connection.shutdown(socket.SHUT_RDWR)
