"""Logs and error reports without credentials.

This is no reason to log a value. It is a safety net: credentials that a library or the message of
an exception carries are replaced before a line is written, tracebacks included.
"""

import logging
import math
import re
import time
from http import HTTPStatus
from typing import Any

import structlog
from django.http.request import split_domain_port
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
REDACTED = "[redacted]"
_SHOWN_OF_A_HOST, _HOSTS_KEPT, _QUIET_SECONDS = 100, 1000, 60

# Our tokens, authorization headers, JWTs and JWEs, keys of 64 hex digits, stored ciphertexts, and
# the well-known prefixes of the providers whose keys we keep. Each alternative begins at most once
# in a run of its own characters, so that the time grows only in proportion to a line's length.
CREDENTIAL = re.compile(
    r"ply_[\w-]+|(?i:bearer|basic)\s++[\w.~+/=-]+|(?<![\w-])eyJ[\w-]++(?:\.[\w-]*+)+"
    r"|\b[0-9a-fA-F]{64}\b|v1\.[0-9a-f]{16}\.[\w-]+|(?<!\d)\d{6,}+:[\w-]{30,}"
    r"|\b(?:sk|xoxb|xapp|ls|lsv2|tvly|gh[opsu]|github_pat)[-_][\w-]+"
)


def redact(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """structlog processor: the same event with every credential replaced."""
    return {
        name: CREDENTIAL.sub(REDACTED, value) if isinstance(value, str) else value
        for name, value in event.items()
    }


def is_no_probe(record: logging.LogRecord) -> bool:
    """False for a 503 of a health check: it comes every few seconds, and the caller knows it."""
    path = getattr(getattr(record, "request", None), "path", "")
    status = getattr(record, "status_code", None)
    return not (path.startswith("/health") and status == HTTPStatus.SERVICE_UNAVAILABLE)


def tell_route(record: logging.LogRecord) -> bool:
    """Replace the address in a line by its route: a value may be pasted into it. Always True."""
    request = getattr(record, "request", None)
    if isinstance(record.args, tuple) and (path := getattr(request, "path", "")):
        match = getattr(request, "resolver_match", None)
        route = f"/{match.route}" if match else "(no route)"
        # Django escapes what it logs: a backslash, control characters and all beyond ASCII.
        told = (path, path.encode("unicode_escape").decode("ascii"))
        record.args = tuple(route if each in told else each for each in record.args)
    return True


class RefusedHosts(logging.Filter):
    """Tells the operator which host ``ALLOWED_HOSTS`` refuses, without filling the log.

    A process logs each host once, and at most one host per minute, so that a scanner cannot flood
    the log. The line has the host name, shortened, and nothing else of the request.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()
        self._quiet_until = -math.inf

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        host, _ = split_domain_port(request.META.get("HTTP_HOST", "") if request else "")
        name, now = host[:_SHOWN_OF_A_HOST], time.monotonic()
        # Text that is not a host name could not be allowed either.
        if not name or name in self._told or now < self._quiet_until:
            return False
        if len(self._told) >= _HOSTS_KEPT:
            self._told.clear()
        self._told.add(name)
        self._quiet_until = now + _QUIET_SECONDS
        record.msg = f"ALLOWED_HOSTS refuses {name!r}; add it, if it is one of yours"
        record.args = ()
        record.exc_info = record.exc_text = None
        return True


def logging_config(*, level: str) -> dict[str, Any]:
    """``LOGGING``: one line per event on standard error, from structlog and stdlib alike."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.processors.TimeStamper(fmt="iso"),
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                ],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    redact,
                    structlog.processors.KeyValueRenderer(
                        key_order=["timestamp", "level", "logger", "event"], drop_missing=True
                    ),
                ],
            }
        },
        "filters": {
            "no_probe": {"()": "django.utils.log.CallbackFilter", "callback": is_no_probe},
            "route": {"()": "django.utils.log.CallbackFilter", "callback": tell_route},
            "refused_hosts": {"()": RefusedHosts},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        # Django's own handlers would send a second copy, with the request, past the redaction.
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # Below this level the path of every refused request is logged, and with it a value
            # that was pasted into it.
            "django.request": {"level": "ERROR", "filters": ["no_probe", "route"]},
            "django.security.DisallowedHost": {"filters": ["refused_hosts"]},
            "django.security.csrf": {"filters": ["route"]},
            # Below this level every successful sign-in is logged.
            "axes": {"level": "WARNING"},
            # Below this level the address and headers of every request are logged.
            "httpx2": {"level": "WARNING"},
            "httpcore2": {"level": "WARNING"},
            # After a failure it logs a part of the key and what LangSmith answered; `playground`
            # logs what went wrong.
            "langsmith": {"handlers": [], "propagate": False, "level": "CRITICAL"},
            "urllib3": {"level": "ERROR"},
        },
    }


class BareExceptionReporter(ExceptionReporter):
    """Django's error report without local variables, request or settings.

    Django masks names such as ``password``, but would show a secret in a JSON body or in a local
    called ``data`` in full.
    """

    def get_traceback_frames(self) -> list[dict[str, Any]]:
        return [{**frame, "vars": []} for frame in super().get_traceback_frames()]

    def get_traceback_data(self) -> dict[str, Any]:
        kept = {"is_email", "frames", "sys_version_info", "django_version_info", "lastframe"}
        data = super().get_traceback_data()
        return {
            **{name: value for name, value in data.items() if name in kept},
            "exception_type": getattr(self.exc_type, "__name__", ""),
            "exception_value": str(self.exc_value),
        }

    def get_traceback_html(self) -> SafeString:
        return mark_safe(CREDENTIAL.sub(REDACTED, super().get_traceback_html()))  # noqa: S308

    def get_traceback_text(self) -> SafeString:
        return mark_safe(CREDENTIAL.sub(REDACTED, super().get_traceback_text()))  # noqa: S308
