"""The production server: granian, a few processes of a few threads, stopped cleanly by a signal."""

import errno
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from polyant.environment import Environment

# A stop waits this long for answers under way: a provider's stream may be endless, and Docker and
# others kill a process after ten seconds.
STOP_SECONDS = 8

_NOT_OURS = "HOST is not an address of this machine; use localhost, or 0.0.0.0 for each that it has"

_STOPS = (signal.SIGTERM, signal.SIGINT)

# Its log lines are treated like ours: standard error, one format, redacted.
_LOGGERS = {"loggers": {"_granian": {"handlers": [], "propagate": True}}}


@dataclass(frozen=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """As a person on this machine types it."""
        everywhere = self.host in {"0.0.0.0", "::"}  # noqa: S104
        host = "localhost" if everywhere else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def resolve(self) -> tuple[socket.AddressFamily, str]:
        """The IP address of the host and its family; IPv4 first, as most programs read `localhost`.

        Raises:
            ImproperlyConfigured: the host has no address.
        """
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError:
            raise ImproperlyConfigured(_NOT_OURS) from None
        family, *_, where = min(found, key=lambda each: each[0] != socket.AF_INET)
        return family, str(where[0])

    def require(self) -> None:
        """Return if this process can listen there.

        Granian would not notice a port in use: its workers share theirs, and would share another
        program's.

        Raises:
            ImproperlyConfigured: the port is in use, or HOST is not an address of this machine.
        """
        family, host = self.resolve()
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, self.port))
            except OSError as error:
                raise ImproperlyConfigured(_why_not(error, self.port)) from None


def address() -> Address:
    """``HOST`` and ``PORT``."""
    environment = Environment()
    port = environment.number("PORT", 4000, highest=65_535)
    return Address(environment.text("HOST", "localhost"), port)


def serve(where: Address, on_start: Callable[[], None]) -> None:
    """Serve until SIGTERM, SIGINT or the end of the terminal; returns after a clean stop.

    Raises:
        ImproperlyConfigured: a variable is wrong, or the port is taken.
        SystemExit: the workers cannot start, or keep dying.
    """
    server = _server(where)
    hangup = signal.getsignal(signal.SIGHUP)  # before granian takes it
    server.on_startup(lambda: _stop_workers_surely(hangup))
    server.on_startup(on_start)
    try:
        server.serve()
    except SystemExit:
        # A worker may have failed while it stopped; a stop that was asked for is no error.
        if not server.interrupt_signal:
            raise


def stop_quietly() -> None:
    """Let a stop end the process without an error until granian handles the signals."""
    for number in _STOPS:
        signal.signal(number, lambda *_: sys.exit(0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)


def hold_stops() -> None:
    """Hold back a stop until the program that this process becomes can handle it quietly.

    The kernel drops a signal to the first process of a container if that does not handle it yet.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)


def _stop_workers_surely(hangup: Any) -> None:
    """Once granian handles the signals, see to it that every worker gets a stop, from us alone.

    A terminal that is closed stops the server, too, unless SIGHUP was ignored, as under `nohup`.
    Granian would start its workers anew, and go on unseen.

    Workers block SIGINT and SIGHUP, which a terminal sends to them directly too, and a third signal
    breaks off the answers under way. A stop that a worker gets while it starts is lost, so a second
    one follows.
    """
    from_terminal = {signal.SIGINT, signal.SIGHUP}
    os.register_at_fork(
        after_in_child=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, from_terminal)
    )
    stop: Any = signal.getsignal(signal.SIGTERM)

    def stop_twice(*args: Any) -> None:
        # The shell and the kernel both tell of a terminal that is closed.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        again = threading.Timer(1, _tell_workers_again)
        again.daemon = True
        again.start()
        stop(*args)

    for number in _STOPS:
        signal.signal(number, stop_twice)
    signal.signal(signal.SIGHUP, hangup if hangup == signal.SIG_IGN else stop_twice)


def _tell_workers_again() -> None:
    for worker in multiprocessing.active_children():
        with suppress(OSError):
            worker.terminate()


def _server(where: Address) -> Any:
    where.require()
    return Granian(
        "polyant.wsgi:application",
        address=where.resolve()[1],
        port=where.port,
        interface=Interfaces.WSGI,
        websockets=False,
        workers=settings.WORKERS,
        # More than one, or a long stream of a provider would hold up the API.
        blocking_threads=settings.THREADS,
        # A thread that ends takes its database connection with it.
        blocking_threads_idle_timeout=600,
        workers_kill_timeout=STOP_SECONDS,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGERS,
    )


def _why_not(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRNOTAVAIL:
        return _NOT_OURS
    remedy = "Stop the program that has it, or choose"
    if error.errno == errno.EACCES:
        remedy = "Choose"
    return f"Cannot listen on port {port}: {error.strerror}. {remedy} another: PORT=4001 make run"
