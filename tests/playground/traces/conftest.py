"""LangSmith on loopback, and an instance that is traced."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request

from instances.models import Instance
from playground import langsmith_sender
from secrets_app.models import InstanceSecret
from tests.playground.conftest import CHAT, COMPLETION, KEY

LANGSMITH_KEY = "lsv2_pt_MARKER-langsmith"


@pytest.fixture(autouse=True)
def _no_key_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    wait()
    assert "MARKER" not in caplog.text
    assert "lsv2" not in caplog.text


@pytest.fixture
def langsmith(loopback: HTTPServer, settings: Any, provider: HTTPServer) -> HTTPServer:
    """Plays LangSmith, beside the provider."""
    settings.LANGSMITH_ENDPOINT = loopback.url_for("/langsmith")
    return loopback


@pytest.fixture
def traced(asked: Instance, change: Callable[..., None], langsmith: HTTPServer) -> Instance:
    """The instance is traced, and LangSmith and the provider answer."""
    change(langsmith_enabled=True)
    InstanceSecret.objects.create(instance=asked, key="langsmith_api_key", value=LANGSMITH_KEY)
    langsmith.expect_request("/langsmith/runs").respond_with_json({}, status=202)
    return asked


@pytest.fixture
def answering(provider: HTTPServer) -> None:
    provider.expect_request(CHAT).respond_with_json(COMPLETION)


def wait() -> None:
    """Until every trace is sent or given up."""
    while thread := langsmith_sender._thread:
        thread.join(30)
        assert langsmith_sender._thread is None or langsmith_sender._thread.is_alive()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langsmith_sender, "IDLE_SECONDS", 0.01)


def sent(langsmith: HTTPServer) -> list[Request]:
    """What LangSmith was asked, once all is sent."""
    wait()
    return [request for request, _ in langsmith.log if request.path.startswith("/langsmith")]


def run_of(langsmith: HTTPServer) -> dict[str, Any]:
    """The one run that was sent."""
    (request,) = sent(langsmith)
    assert (request.method, request.path) == ("POST", "/langsmith/runs")
    assert request.headers["x-api-key"] == LANGSMITH_KEY
    assert KEY not in str(request.headers) + request.get_data(as_text=True)
    assert LANGSMITH_KEY not in request.get_data(as_text=True)
    run: dict[str, Any] = request.get_json()
    return run
