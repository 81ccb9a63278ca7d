"""Logs and error reports that may be shown to anybody."""

import io
import logging
import logging.config
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NoReturn

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.views.debug import get_exception_reporter_class
from rest_framework.test import APIClient

from instances.models import Instance
from polyant.logs import BareExceptionReporter, logging_config, redact
from secrets_app.models import InstanceSecret

MARKER = "marker7f3a9c"
CREDENTIALS = [
    f"ply_{MARKER}",
    f"Authorization: Bearer {MARKER}",
    f"authorization: basic {MARKER}==",
    f"eyJhbGciOiJkaXIi.{MARKER}.a.{MARKER}.b",
    f"sk-{MARKER}",
    f"sk-ant-api03-{MARKER}",
    f"sk-proj-{MARKER}_a",
    f"xoxb-1-2-{MARKER}",
    f"xapp-1-{MARKER}",
    f"lsv2_pt_{MARKER}",
    f"ls_{MARKER}",
    f"tvly-{MARKER}",
    f"gho_{MARKER}",
    f"ghp_{MARKER}",
    f"ghs_{MARKER}",
    f"ghu_{MARKER}",
    f"github_pat_{MARKER}",
    f"v1.0123456789abcdef.{MARKER}",
    f"https://api.telegram.org/bot123456789:AA{MARKER}{'x' * 21}/getMe",
]
KEY = "1f" * 32
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(config: dict[str, Any]) -> None:
    """As in a new process: what is configured again would keep the filters of before, too."""
    for name in config["loggers"]:
        logging.getLogger(name).filters.clear()
    logging.config.dictConfig(config)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the configured handler writes."""
    configure(logging_config(level="INFO"))
    (handler,) = logging.getLogger().handlers[-1:]
    assert isinstance(handler, logging.StreamHandler)
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)
    configure(settings.LOGGING)


def fail(text: str) -> NoReturn:
    secret = text  # noqa: F841
    raise ValueError(f"it failed with {text}")


def caught(text: str) -> ExcInfo:
    try:
        fail(text)
    except ValueError as error:
        return type(error), error, error.__traceback__


@pytest.mark.parametrize("text", [*CREDENTIALS, KEY])
def test_a_credential_in_a_message_is_replaced(written: io.StringIO, text: str) -> None:
    logging.getLogger("django.request").error("Refused: %s.", text)
    line = written.getvalue()
    assert "[redacted]" in line
    assert MARKER not in line
    assert KEY not in line


@pytest.mark.parametrize("text", [*CREDENTIALS, KEY])
def test_a_credential_in_a_traceback_is_replaced(written: io.StringIO, text: str) -> None:
    logging.getLogger("any.library").error("It failed", exc_info=caught(text))
    line = written.getvalue()
    assert "ValueError" in line
    assert MARKER not in line
    assert KEY not in line


@pytest.mark.parametrize(
    "part", ["eyJ", "1", "0f", "bearer ", "bearer\t", "sk-", "v1.", "ply_", "."]
)
def test_a_long_line_of_one_thing_is_looked_through_at_once(part: str) -> None:
    """A step for each pair of its characters takes a minute or more, instead of a blink."""
    long = part * (300_000 // len(part))
    redact(None, "error", {"event": long, "detail": (part * 1_000 + " ") * 100})


@pytest.mark.parametrize("end", ["", "%0A", "%09", "%5C", "%C3%A4"])
def test_a_failure_tells_its_route_and_not_what_stood_in_the_address(
    written: io.StringIO, client_of: Callable[..., APIClient], editor: User, end: str
) -> None:
    client = client_of(editor)
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE instance_channels RENAME TO elsewhere")
    path = f"/api/instances/my-assistant/channels/{MARKER}{end}"
    assert client.delete(path).status_code >= 500
    assert "/api/instances/<instance_slug:slug>/channels/<str:kind>" in written.getvalue()
    assert MARKER not in written.getvalue()


def test_a_form_that_is_refused_tells_its_route_alone(written: io.StringIO, db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(f"/admin/{MARKER}/").status_code == 403
    assert "/admin/<path:" in written.getvalue() or "(?P<url>" in written.getvalue()
    assert MARKER not in written.getvalue()


def test_an_event_is_one_line_with_its_time_level_and_logger(written: io.StringIO) -> None:
    logging.getLogger("any").error("first\nlevel='info'", exc_info=caught("x"))
    (line,) = written.getvalue().splitlines()
    assert line.startswith("timestamp='20")
    assert "level='error' logger='any' event=" in line


@pytest.mark.parametrize("logger", ["django", "django.request", "django.server", "django.security"])
def test_an_event_of_django_is_written_once(written: io.StringIO, logger: str) -> None:
    logging.getLogger(logger).error("Once")
    assert written.getvalue().count("Once") == 1


@pytest.mark.parametrize("logger", ["django", "django.server"])
def test_no_handler_but_ours_has_a_copy(logger: str) -> None:
    assert logging.getLogger(logger).handlers == []


def test_what_somebody_pasted_into_an_address_is_not_written(
    written: io.StringIO, anonymous: APIClient
) -> None:
    assert anonymous.get(f"/api/{MARKER}").status_code == 404
    assert written.getvalue() == ""


@pytest.mark.parametrize(
    ("logger", "level"),
    [
        ("axes.signals", logging.INFO),
        ("httpx2", logging.INFO),
        ("httpcore2.http11", logging.INFO),
        ("urllib3.connectionpool", logging.WARNING),
        ("langsmith.client", logging.ERROR),
    ],
)
def test_what_a_library_tells_of_each_request_is_not_written(
    written: io.StringIO, logger: str, level: int
) -> None:
    logging.getLogger(logger).log(level, "Told")
    assert written.getvalue() == ""


def test_nothing_of_no_interest_is_written_below_the_level(written: io.StringIO) -> None:
    logging.getLogger("any").debug("Detail")
    assert written.getvalue() == ""


def test_a_probe_that_is_refused_is_told_and_not_logged(
    written: io.StringIO, anonymous: APIClient, instance: Instance, settings: Any
) -> None:
    InstanceSecret.objects.set_many(instance, {"k": "v"}, None)
    settings.ENCRYPTION_KEY = "2e" * 32
    assert anonymous.get("/health/ready").status_code == 503
    assert written.getvalue() == ""


@pytest.mark.parametrize(("path", "status"), [("/health/ready", 500), ("/v1/models", 503)])
def test_another_failure_than_a_refused_probe_is_logged(
    written: io.StringIO, path: str, status: int
) -> None:
    details = {"request": RequestFactory().get(path), "status_code": status}
    logging.getLogger("django.request").error("It failed", extra=details)
    assert "It failed" in written.getvalue()


def test_a_host_that_is_refused_is_told_once_by_name_alone(
    written: io.StringIO, anonymous: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, minutes = time.monotonic(), [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: began + minutes[0] * 60)
    path = f"/api/{MARKER}?q={MARKER}"
    hosts = ["Secrets.example:8443", "secrets.example", "a.example", f"{MARKER}/", "b.example"]
    for host in [*hosts, "x" * 1000]:
        assert anonymous.get(path, HTTP_HOST=host).status_code == 400
    (line,) = written.getvalue().splitlines()
    assert "level='error'" in line
    assert "ALLOWED_HOSTS refuses 'secrets.example';" in line

    for host in ["secrets.example", f"{MARKER}/", "x" * 1000, "b.example"]:
        minutes[0] += 1.5
        anonymous.get(path, HTTP_HOST=host)
    assert written.getvalue().count("ALLOWED_HOSTS") == 3
    assert f"{'x' * 100}'" in written.getvalue()
    assert "b.example" in written.getvalue()
    assert not [word for word in (MARKER, "x" * 101, "Traceback") if word in written.getvalue()]


def test_of_signing_in_only_what_went_wrong_is_written(
    written: io.StringIO, anonymous: APIClient, owner: User
) -> None:
    good = {"username": "owner", "password": "owner"}
    assert anonymous.post("/api/auth/token", good).status_code == 201
    assert written.getvalue() == ""
    anonymous.post("/api/auth/token", {**good, "password": "wrong"})
    assert "level='warning' logger='axes" in written.getvalue()


def test_the_settings_choose_the_bare_reporter() -> None:
    request = RequestFactory().get("/")
    chosen: object = get_exception_reporter_class(request)
    assert chosen is BareExceptionReporter


@pytest.mark.parametrize("kind", ["get_traceback_html", "get_traceback_text"])
@pytest.mark.parametrize("is_email", [False, True])
def test_a_report_has_no_local_variable_no_body_no_header_and_no_setting(
    kind: str, is_email: bool
) -> None:
    request = RequestFactory().put(
        f"/api/x?q={MARKER}",
        f'{{"value": "{MARKER}"}}',
        content_type="application/json",
        headers={"Authorization": f"Bearer {MARKER}", "Cookie": f"authjs.session-token={MARKER}"},
    )
    reporter = BareExceptionReporter(request, *caught(f"sk-{MARKER}"), is_email=is_email)
    report = getattr(reporter, kind)()
    assert "ValueError" in report
    assert "test_logs.py" in report
    assert MARKER not in report
    assert settings.SECRET_KEY not in report
    assert settings.ENCRYPTION_KEY not in report


@pytest.mark.parametrize("kind", ["get_traceback_html", "get_traceback_text"])
@pytest.mark.parametrize("explicit", [True, False])
def test_a_report_of_a_chain_redacts_every_link(kind: str, explicit: bool) -> None:
    inner = caught(f"sk-{MARKER}")[1]
    outer = RuntimeError("the second failure")
    try:
        try:
            raise inner
        except ValueError as cause:
            if explicit:
                raise outer from cause
            raise outer  # noqa: B904
    except RuntimeError as error:
        report = getattr(
            BareExceptionReporter(None, type(error), error, error.__traceback__), kind
        )()
    assert "the second failure" in report
    assert MARKER not in report
