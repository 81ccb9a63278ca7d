"""A provider on loopback, and an instance that asks it."""

import json
import logging
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from pytest_httpserver import HTTPServer
from rest_framework.test import APIClient
from werkzeug import Request, Response

from instances.models import Instance
from playground import slots, upstream
from secrets_app.models import InstanceSecret

KEY = "sk-MARKER-provider-4f1c"
# As JSON may have it.
ESCAPED = [
    "".join(f"\\u{ord(letter):04x}" for letter in KEY),
    KEY.replace("-", "\\u002D"),
    KEY.replace("M", "\\u004d", 1),
]
CHAT = "/v1/chat/completions"
COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-test-2026",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello!"},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def question(**members: Any) -> dict[str, Any]:
    """A request body."""
    messages = [{"role": "user", "content": "Hi"}]
    return {"model": "my-assistant", "messages": messages, **members}


def chunk(text: str, finish: str | None = None, **members: Any) -> bytes:
    """An event of a stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-test-2026",
        "choices": [choice],
        **members,
    }
    return b"data: " + json.dumps(body).encode() + b"\n\n"


class Loopback(HTTPServer):
    """A server that notices at once that it is to stop; werkzeug looks twice a second."""

    def thread_target(self) -> None:
        assert self.server is not None
        self.server.serve_forever(poll_interval=0.02)


@pytest.fixture(scope="package")
def loopback() -> Iterator[HTTPServer]:
    with Loopback(host="127.0.0.1", threaded=True) as server:
        yield server
    upstream.client().close()
    upstream.client.cache_clear()


@pytest.fixture
def provider(loopback: HTTPServer, settings: Any) -> Iterator[HTTPServer]:
    """Plays both providers."""
    settings.OPENAI_BASE_URL = loopback.url_for("/v1")
    settings.ANTHROPIC_BASE_URL = loopback.url_for("/anthropic/v1")
    yield loopback
    loopback.clear()


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> dict[int, UUID]:
    """The slots that completions hold, whatever the test before has left open."""
    slots_of_this_test: dict[int, UUID] = {}
    monkeypatch.setattr(slots, "_held", slots_of_this_test)
    return slots_of_this_test


@pytest.fixture
def asked(instance: Instance, provider: HTTPServer) -> Instance:
    """The cast's instance, ready to be asked."""
    instance.provider, instance.model = "openai", "gpt-test"
    instance.save(update_fields=["provider", "model"])
    InstanceSecret.objects.create(instance=instance, key="openai_api_key", value=KEY)
    return instance


@pytest.fixture
def change(asked: Instance) -> Callable[..., None]:
    """Change the instance's settings."""

    def set_fields(**fields: Any) -> None:
        Instance.objects.filter(pk=asked.pk).update(**fields)

    return set_fields


@pytest.fixture
def ask(api: APIClient, asked: Instance) -> Callable[..., Any]:
    """POST a question as an editor; members are added to it."""

    def post(**members: Any) -> Any:
        return api.post(CHAT, question(**members))

    return post


class Script:
    """An answer that goes on when it is told to, and knows whether anybody still listens."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self.is_over = Event()
        self.asked: list[Request] = []

    def say(self, *lines: bytes) -> None:
        for line in lines:
            self._lines.put(line)

    def end(self) -> None:
        self._lines.put(None)

    def say_until_nobody_listens(self) -> bool:
        """True if the other side hung up. What is sent first fills the buffers in between."""
        for _ in range(1_000):
            self.say(b": " + b"x" * 65_536 + b"\n\n")
            if self.is_over.wait(0.01):
                return True
        return False

    def perform(self, request: Request) -> Response:
        """A handler for pytest-httpserver; each conversation has an end of its own."""
        self.asked.append(request)
        self.is_over = Event()
        return Response(self._read(self.is_over), content_type="text/event-stream")

    def _read(self, is_over: Event) -> Iterator[bytes]:
        try:
            while line := self._lines.get():
                yield line
        finally:
            is_over.set()


@pytest.fixture
def script(provider: HTTPServer) -> Iterator[Script]:
    """What the provider streams."""
    written = Script()
    provider.expect_request(CHAT).respond_with_handler(written.perform)
    yield written
    written.end()


@pytest.fixture
def quiet_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The key is in no line of the log, at whatever level."""
    caplog.set_level(logging.DEBUG)
    yield
    assert KEY not in caplog.text
    assert "MARKER" not in caplog.text
