"""The body of a provider's error: as much of it as soon arrives."""

from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from playground import upstream
from tests.playground.conftest import CHAT

Ask = Callable[..., Any]


def said(provider: HTTPServer, *parts: bytes, pause: float = 0) -> list[bytes]:
    """Let the provider refuse with a body in parts; those that it came to say."""
    spoken: list[bytes] = []

    def speak() -> Iterator[bytes]:
        for part in parts:
            spoken.append(part)
            yield part
            sleep(pause)

    provider.expect_request(CHAT).respond_with_handler(lambda _: Response(speak(), status=400))
    return spoken


def test_it_may_arrive_in_parts(ask: Ask, provider: HTTPServer) -> None:
    said(provider, b'{"error": {"code": ', b'"unsupported_value"', b"}}", pause=0.02)
    assert ask().json()["error"]["code"] == "unsupported_value"


def test_one_without_end_is_not_collected(
    ask: Ask, provider: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "ERROR_SECONDS", 60)
    spoken = said(provider, *[b" " * 65_536] * 2_000)
    assert ask().json()["error"]["code"] == "provider_refused_request"
    assert len(spoken) < 1_000


def test_one_that_dribbles_is_not_waited_for(
    ask: Ask, provider: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "ERROR_SECONDS", 0.05)
    spoken = said(provider, *[b" "] * 100, pause=0.02)
    assert ask().json()["error"]["code"] == "provider_refused_request"
    assert len(spoken) < 50
