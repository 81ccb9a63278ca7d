"""A process has so many completions under way at once, and threads to spare for the rest."""

from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Any

import pytest
from django.conf import settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.playground.conftest import CHAT, COMPLETION, Script, chunk

Ask = Callable[..., Any]
DONE = b"data: [DONE]\n\n"


def are_free(free: BoundedSemaphore) -> bool:
    """True if no completion holds a slot; a BoundedSemaphore refuses to have more than it had."""
    with pytest.raises(ValueError, match="released too many"):
        free.release()
    return True


def test_one_thread_at_least_is_left_for_everything_else() -> None:
    assert settings.COMPLETIONS_AT_ONCE == 3  # of the four that a process has


@pytest.mark.django_db(transaction=True)
def test_what_is_too_much_is_told_to_come_back(ask: Ask, provider: HTTPServer) -> None:
    scripts: list[Script] = []

    def perform(request: Request) -> Response:
        scripts.append(Script())
        scripts[-1].say(chunk("Hi", "stop"), DONE)
        return scripts[-1].perform(request)

    provider.expect_request(CHAT).respond_with_handler(perform)
    first, second = ask(stream=True), ask(stream=True)
    refused = ask(stream=True)
    assert (refused.status_code, refused["Retry-After"]) == (503, "1")
    assert refused.json()["error"]["code"] == "too_busy"
    assert len(provider.log) == 2
    first.close()
    third = ask(stream=True)
    assert third.status_code == 200
    for response in (second, third):
        response.close()
    for script in scripts:
        script.end()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("status", "body"), [(200, COMPLETION), (200, []), (401, {}), (500, {}), (204, {})]
)
def test_an_answer_that_is_over_leaves_its_slot(
    ask: Ask, provider: HTTPServer, free: BoundedSemaphore, stream: bool, status: int, body: Any
) -> None:
    provider.expect_request(CHAT).respond_with_json(body, status=status)
    ask(stream=stream).close()
    assert are_free(free)


def test_a_stream_that_is_read_to_its_end_leaves_its_slot(
    ask: Ask, script: Script, free: BoundedSemaphore
) -> None:
    script.say(chunk("Hi", "stop"), DONE)
    assert ask(stream=True).getvalue().endswith(DONE)
    assert are_free(free)
