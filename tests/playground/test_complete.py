"""POST /v1/chat/completions, answered whole."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from rest_framework.test import APIClient

from instances.models import Instance
from secrets_app.models import InstanceSecret
from tests.playground.conftest import CHAT, COMPLETION, KEY, question

Ask = Callable[..., Any]


def test_the_providers_answer_is_passed_on_byte_for_byte(ask: Ask, provider: HTTPServer) -> None:
    raw = json.dumps(COMPLETION, indent=3) + "\n"
    provider.expect_request(CHAT, method="POST").respond_with_data(raw)
    response = ask()
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response["Cache-Control"] == "no-store"
    assert response.content.decode() == raw


def test_the_provider_gets_the_key_the_model_and_every_member(
    ask: Ask, provider: HTTPServer
) -> None:
    provider.expect_request(CHAT).respond_with_json(COMPLETION)
    members: dict[str, Any] = {
        "temperature": 0.25,
        "seed": 2**63,
        "tools": [{"type": "function", "function": {"name": "ы"}}],
        "stream": False,
        "stream_options": None,
    }
    assert ask(**members).status_code == 200
    ((request, _),) = provider.log
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Accept-Encoding"] == "identity"
    assert request.get_json() == question(**members) | {"model": "gpt-test"}


def test_anthropic_is_asked_where_it_is_with_its_own_key(
    ask: Ask, change: Callable[..., None], asked: Instance, provider: HTTPServer
) -> None:
    change(provider="anthropic", model="claude-test")
    InstanceSecret.objects.set_many(asked, {"anthropic_api_key": "sk-ant-1"}, None)
    provider.expect_request(f"/anthropic{CHAT}").respond_with_json(COMPLETION)
    assert ask().status_code == 200
    ((request, _),) = provider.log
    assert request.headers["Authorization"] == "Bearer sk-ant-1"
    assert request.get_json()["model"] == "claude-test"


def test_nothing_of_the_caller_but_the_body_reaches_the_provider(
    api: APIClient, asked: Instance, provider: HTTPServer
) -> None:
    provider.expect_request(CHAT).respond_with_json(COMPLETION)
    headers = {"HTTP_X_MARK": "caller", "HTTP_COOKIE": "a=caller", "HTTP_OPENAI_ORGANIZATION": "x"}
    assert api.post(CHAT, question(), **headers).status_code == 200  # type: ignore[arg-type]
    ((request, _),) = provider.log
    assert "caller" not in str(request.headers)
    assert set(request.headers.keys()) == {
        "Host", "Accept", "Accept-Encoding", "Authorization", "Content-Type", "Content-Length",
        "User-Agent", "Connection",
    }  # fmt: skip


def test_a_providers_cookie_is_not_carried_to_the_next_instance(
    ask: Ask, provider: HTTPServer
) -> None:
    headers = {"Set-Cookie": "account=1; Path=/"}
    provider.expect_request(CHAT).respond_with_json(COMPLETION, headers=headers)
    answers = [ask(), ask()]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all(not answer.cookies for answer in answers)
    assert all("Cookie" not in request.headers for request, _ in provider.log)


def test_a_deleted_key_is_missing_at_once(
    ask: Ask, api: APIClient, asked: Instance, provider: HTTPServer
) -> None:
    provider.expect_request(CHAT).respond_with_json(COMPLETION)
    assert ask().status_code == 200
    api.delete("/api/instances/my-assistant/secrets/openai_api_key")
    response = ask()
    assert response.status_code == 400
    assert response.json()["error"] == {
        "message": "Missing API key: openai_api_key is not set for this instance. Set it at"
        f" http://testserver/admin/instances/instance/{asked.pk}/secrets/",
        "type": "invalid_request_error",
        "code": "missing_api_key",
        "param": None,
    }
    assert len(provider.log) == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"provider": None}, "missing_provider"), ({"model": None}, "missing_model"),
     ({"model": ""}, "missing_model")],
)  # fmt: skip
def test_an_instance_that_does_not_say_who_answers_is_told_what_is_missing(
    ask: Ask, change: Callable[..., None], fields: dict[str, Any], code: str
) -> None:
    change(**fields)
    response = ask()
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


def test_a_key_under_an_unknown_encryption_key_says_which_it_needs(
    ask: Ask, asked: Instance, settings: Any
) -> None:
    needed = InstanceSecret.objects.get(key="openai_api_key").value.key_id  # type: ignore[attr-defined]
    settings.ENCRYPTION_KEY = "2e" * 32
    response = ask()
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (409, "unreadable_secret")
    assert needed in error["message"]
    assert "openai_api_key" in error["message"]


@pytest.mark.parametrize("key", ["sk-MARKER\n", "sk MARKER", "sk-MARKER-é", "\tsk-MARKER"])
def test_a_key_that_no_header_can_hold_is_not_sent(
    ask: Ask, asked: Instance, provider: HTTPServer, key: str
) -> None:
    InstanceSecret.objects.set_many(asked, {"openai_api_key": key}, None)
    response = ask()
    assert (response.status_code, response.json()["error"]["code"]) == (400, "unusable_api_key")
    assert "MARKER" not in response.content.decode()
    assert not provider.log


def test_a_completion_takes_three_queries(
    ask: Ask, provider: HTTPServer, django_assert_num_queries: Any
) -> None:
    provider.expect_request(CHAT).respond_with_json(COMPLETION)
    with django_assert_num_queries(3):
        assert ask().status_code == 200
