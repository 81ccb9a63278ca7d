"""A process has so many completions under way at once, and threads to spare for the rest."""

import gc
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from pytest_httpserver import HTTPServer
from rest_framework.test import APIClient
from werkzeug import Request, Response

from instances.models import Instance
from secrets_app.models import InstanceSecret
from tests.playground.conftest import CHAT, COMPLETION, KEY, Script, chunk, question

Ask = Callable[..., Any]
DONE = b"data: [DONE]\n\n"


def test_one_thread_at_least_is_left_for_everything_else() -> None:
    assert settings.COMPLETIONS_AT_ONCE == 3  # of the four that a process has


@pytest.fixture
def streaming(provider: HTTPServer) -> Iterator[HTTPServer]:
    """The provider, which answers each request with a stream of its own that does not end."""
    scripts: list[Script] = []

    def perform(request: Request) -> Response:
        scripts.append(Script())
        scripts[-1].say(chunk("Hi"))
        return scripts[-1].perform(request)

    provider.expect_request(CHAT).respond_with_handler(perform)
    yield provider
    for script in scripts:
        script.end()


@pytest.fixture
def ask_for(asked: Instance, superuser: User, client_of: Callable[..., APIClient]) -> Ask:
    """Ask for a stream of an instance by its slug, and leave it unread."""
    client = client_of(superuser)
    for slug in ("second", "third"):
        made = Instance.objects.create(slug=slug, name=slug, provider="openai", model="gpt-test")
        InstanceSecret.objects.set_many(made, {"openai_api_key": KEY}, None)
    return lambda slug: client.post(CHAT, question(model=slug, stream=True))


@pytest.mark.django_db(transaction=True)
def test_one_instance_leaves_room_for_others(ask_for: Ask, streaming: HTTPServer) -> None:
    mine = [ask_for("my-assistant") for _ in range(3)]
    assert [each.status_code for each in mine] == [200, 200, 503]
    assert mine[-1]["Retry-After"] == "1"
    told = mine[-1].json()["error"]
    assert (told["code"], told["message"].partition(";")[0]) == (
        "too_busy", "This instance has as many completions under way here as one may have",
    )  # fmt: skip
    theirs = ask_for("second")
    assert theirs.status_code == 200
    assert len(streaming.log) == 3
    mine[0].close()
    again = ask_for("my-assistant")
    assert again.status_code == 200
    for response in (mine[1], theirs, again):
        response.close()


@pytest.mark.django_db(transaction=True)
def test_what_is_too_much_is_told_to_come_back(ask_for: Ask, streaming: HTTPServer) -> None:
    taken = [ask_for(slug) for slug in ("my-assistant", "second", "second")]
    refused = ask_for("third")
    assert (refused.status_code, refused["Retry-After"]) == (503, "1")
    assert refused.json()["error"]["message"].startswith("Too many completions are under way here")
    assert len(streaming.log) == 3
    taken[0].close()
    third = ask_for("third")
    assert third.status_code == 200
    for response in (*taken[1:], third):
        response.close()


@pytest.mark.django_db(transaction=True)
def test_the_only_slot_is_anybodys(ask_for: Ask, streaming: HTTPServer, settings: Any) -> None:
    settings.COMPLETIONS_AT_ONCE = 1
    taken = ask_for("second")
    assert [taken.status_code, ask_for("my-assistant").status_code] == [200, 503]
    taken.close()


@pytest.mark.django_db(transaction=True)
def test_a_stream_that_is_forgotten_leaves_its_slot(
    ask_for: Ask, streaming: HTTPServer, held: dict[int, UUID]
) -> None:
    assert ask_for("second").status_code == 200
    gc.collect()
    assert not held


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("status", "body"), [(200, COMPLETION), (200, []), (401, {}), (500, {}), (204, {})]
)
def test_an_answer_that_is_over_leaves_its_slot(
    ask: Ask, provider: HTTPServer, held: dict[int, UUID], stream: bool, status: int, body: Any
) -> None:
    provider.expect_request(CHAT).respond_with_json(body, status=status)
    ask(stream=stream).close()
    assert not held


def test_a_stream_that_is_read_to_its_end_leaves_its_slot(
    ask: Ask, script: Script, held: dict[int, UUID]
) -> None:
    script.say(chunk("Hi", "stop"), DONE)
    assert ask(stream=True).getvalue().endswith(DONE)
    assert not held
