"""The Playground tab without a script: a form, and the whole answer."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_httpserver import HTTPServer

from instances.models import Instance
from secrets_app.models import InstanceSecret
from tests.playground.conftest import CHAT, COMPLETION, KEY


@pytest.fixture
def url(asked: Instance) -> str:
    return f"/admin/instances/instance/{asked.pk}/playground/"


@pytest.fixture
def browse(viewer: User) -> Client:
    """A viewer at the admin."""
    viewer.is_staff = True
    viewer.save()
    client = Client()
    client.force_login(viewer, "django.contrib.auth.backends.ModelBackend")
    return client


def shown(response: Any, status: int = 200) -> str:
    """The text of a page, without its marks and with single spaces."""
    assert response.status_code == status
    page = response.content.decode()
    assert "MARKER" not in page
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_message_is_answered(browse: Client, url: str, provider: HTTPServer) -> None:
    provider.expect_request(CHAT).respond_with_json(COMPLETION)
    assert "OpenAI answers with gpt-test" in shown(browse.get(url))
    assert "Hello!" in shown(browse.post(url, {"message": "Hi <b>"}))
    ((request, _),) = provider.log
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.get_json() == {
        "model": "gpt-test",
        "messages": [{"role": "user", "content": "Hi <b>"}],
    }


def test_an_answer_is_shown_as_text(browse: Client, url: str, provider: HTTPServer) -> None:
    message = {"role": "assistant", "content": "<script>alert(1)</script>"}
    provider.expect_request(CHAT).respond_with_json({"choices": [{"message": message}]})
    page = browse.post(url, {"message": "Hi"}).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


def test_an_answer_without_text_is_told(browse: Client, url: str, provider: HTTPServer) -> None:
    no_message, no_content = {"message": None}, {"message": {"content": None}}
    answers = {}, *({"choices": choices} for choices in ([], [no_message], [no_content]))
    for answer in answers:
        provider.expect_oneshot_request(CHAT).respond_with_data(json.dumps(answer))
        page = shown(browse.post(url, {"message": "Hi"}))
        assert "The answer has no text." in page, answer


def test_a_missing_key_leads_to_its_field(browse: Client, url: str, asked: Instance) -> None:
    InstanceSecret.objects.remove(asked, "openai_api_key", None)
    field = f"/admin/instances/instance/{asked.pk}/secrets/#key-openai_api_key"
    link = f'<a href="{field}" id="key-link">Set openai_api_key</a>'
    for response in (browse.get(url), browse.post(url, {"message": "Hi"})):
        assert "openai_api_key is not set" in shown(response)
        assert link in response.content.decode()
    address, _, name = field.partition("#")
    asked.memberships.update(role="editor")
    assert f'id="{name}"' in browse.get(address).content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"provider": None}, "no provider"), ({"model": None}, "no model"),
     ({"status": "disabled"}, "is disabled")],
)  # fmt: skip
def test_what_the_settings_lack_leads_to_them(
    browse: Client, url: str, change: Callable[..., None], fields: dict[str, Any], words: str
) -> None:
    change(**fields)
    for response in (browse.get(url), browse.post(url, {"message": "Hi"})):
        assert words in shown(response)
        assert "/change/" in response.content.decode()


def test_a_refusal_is_told_and_the_message_kept(
    browse: Client, url: str, provider: HTTPServer
) -> None:
    echo = {"error": {"message": f"wrong: {KEY}"}}
    provider.expect_request(CHAT).respond_with_json(echo, status=401)
    page = shown(browse.post(url, {"message": "what I asked"}))
    assert "OpenAI refuses the key" in page
    assert "what I asked" in page
    assert "Error: Playground" in page


def test_a_model_that_the_provider_does_not_know_is_no_disabled_instance(
    browse: Client, url: str, provider: HTTPServer
) -> None:
    unknown = {"error": {"message": "no such model", "code": "model_not_found"}}
    provider.expect_request(CHAT).respond_with_json(unknown, status=404)
    response = browse.post(url, {"message": "Hi"})
    assert "OpenAI has no such model" in shown(response)
    assert "is disabled" not in shown(response)
    assert "/change/" in response.content.decode()


def test_the_key_is_offered_only_for_what_a_new_one_may_solve(
    browse: Client, url: str, provider: HTTPServer
) -> None:
    for status, is_offered in ((401, True), (200, False), (429, False)):
        provider.expect_oneshot_request(CHAT).respond_with_json([], status=status)
        page = browse.post(url, {"message": "Hi"}).content.decode()
        assert ('id="key-link">' in page) is is_offered, status
        assert ('id="key-link" hidden>' in page) is not is_offered, status


def test_a_key_that_does_not_open_names_the_one_it_needs(
    browse: Client, url: str, settings: Any
) -> None:
    needed = InstanceSecret.objects.get(key="openai_api_key").value.key_id  # type: ignore[attr-defined]
    settings.ENCRYPTION_KEY = "2e" * 32
    assert needed in shown(browse.post(url, {"message": "Hi"}))


def test_an_empty_or_endless_message_is_not_sent(
    browse: Client, url: str, provider: HTTPServer
) -> None:
    for message in ("", "  ", "x" * 100_001):
        page = browse.post(url, {"message": message}).content.decode()
        assert "errorlist" in page, message[:9]
        assert not provider.log, message[:9]


def test_who_is_no_member_finds_nothing(url: str, outsider: User) -> None:
    outsider.is_staff = True
    outsider.save()
    client = Client()
    client.force_login(outsider, "django.contrib.auth.backends.ModelBackend")
    for response in (client.get(url), client.post(url, {"message": "Hi"})):
        assert response.status_code == 404


def test_another_site_cannot_ask(browse: Client, url: str, viewer: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(viewer, "django.contrib.auth.backends.ModelBackend")
    assert client.post(url, {"message": "Hi"}).status_code == 403
