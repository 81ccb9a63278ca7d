"""OpenAI's own client, pointed at us."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from pytest_httpserver import HTTPServer

from instances.models import AccessToken, Instance
from secrets_app.models import InstanceSecret
from tests.playground.conftest import CHAT, COMPLETION, Script, chunk

if TYPE_CHECKING:
    from openai import OpenAI

pytestmark = pytest.mark.django_db(transaction=True)
MESSAGES: Any = [{"role": "user", "content": "Hi"}]
DONE = b"data: [DONE]\n\n"


@pytest.fixture(scope="module")
def openai() -> Any:
    """The package, a large one, for the worker that runs this module: all collect it."""
    return import_module("openai")


@pytest.fixture(scope="module")
def pool(openai: Any) -> Iterator[Any]:
    """The connections of all clients: each of its own would read all certificates again."""
    with openai.DefaultHttpxClient() as made:
        yield made


@pytest.fixture
def client(openai: Any, live_server: Any, viewer: User, asked: Instance, pool: Any) -> "OpenAI":
    text, _ = AccessToken.objects.issue(viewer, timedelta(days=1))
    address = f"{live_server.url}/v1"
    made: OpenAI = openai.OpenAI(api_key=text, base_url=address, max_retries=0, http_client=pool)
    return made


def test_it_lists_the_models(client: "OpenAI") -> None:
    assert [model.id for model in client.models.list()] == ["my-assistant"]


def test_it_gets_an_answer(client: "OpenAI", provider: HTTPServer) -> None:
    provider.expect_request(CHAT).respond_with_json(COMPLETION)
    answer = client.chat.completions.create(model="my-assistant", messages=MESSAGES)
    assert answer.choices[0].message.content == "Hello!"
    assert answer.usage
    assert answer.usage.total_tokens == 5


def test_it_gets_a_stream_as_it_arrives(client: "OpenAI", script: Script) -> None:
    script.say(chunk("Hel"))
    stream = client.chat.completions.create(model="my-assistant", messages=MESSAGES, stream=True)
    assert next(stream).choices[0].delta.content == "Hel"
    script.say(chunk("lo!", "stop"), DONE)
    assert [each.choices[0].delta.content for each in stream] == ["lo!"]


def test_it_raises_what_breaks_off_in_the_middle(
    openai: Any, client: "OpenAI", script: Script
) -> None:
    script.say(chunk("Hel"))
    stream = client.chat.completions.create(model="my-assistant", messages=MESSAGES, stream=True)
    next(stream)
    script.end()
    with pytest.raises(openai.APIError, match="OpenAI broke off"):
        next(stream)


def test_it_hangs_up_and_the_provider_is_told(client: "OpenAI", script: Script) -> None:
    script.say(chunk("Hel"))
    stream = client.chat.completions.create(model="my-assistant", messages=MESSAGES, stream=True)
    next(stream)
    stream.close()
    assert script.say_until_nobody_listens()


def test_it_raises_its_own_errors(
    openai: Any,
    client: "OpenAI",
    asked: Instance,
    provider: HTTPServer,
    change: Callable[..., None],
) -> None:
    def ask(model: str = "my-assistant") -> Any:
        return client.chat.completions.create(model=model, messages=MESSAGES)

    provider.expect_ordered_request(CHAT).respond_with_data("", 429, {"Retry-After": "7"})
    provider.expect_ordered_request(CHAT).respond_with_data("", 500)
    with pytest.raises(openai.RateLimitError) as limited:
        ask()
    assert limited.value.response.headers["Retry-After"] == "7"
    with pytest.raises(openai.InternalServerError):
        ask()
    InstanceSecret.objects.remove(asked, "openai_api_key", None)
    with pytest.raises(openai.BadRequestError) as missing:
        ask()
    assert missing.value.code == "missing_api_key"
    with pytest.raises(openai.NotFoundError):
        ask("no-such")
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()
