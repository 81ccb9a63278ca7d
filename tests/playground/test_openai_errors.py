"""Every refusal under /v1 has OpenAI's shape."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from instances.models import Instance
from tests.playground.conftest import CHAT, question

M = "marker7f3a"
MESSAGES = question()["messages"]


def error(response: Any, status: int) -> dict[str, Any]:
    """The error of an answer, in its shape."""
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert list(response.json()) == ["error"]
    told: dict[str, Any] = response.json()["error"]
    assert list(told) == ["message", "type", "code", "param"]
    assert told["message"].endswith((".", "more)", "/"))
    return told


# A body, and the member that is wrong with it.
WRONG: list[tuple[Any, str | None]] = [
    ({"messages": MESSAGES}, "model"),
    ({"model": "my-assistant"}, "messages"),
    (question(model=None), "model"),
    (question(model=1), "model"),
    (question(model=[M]), "model"),
    (question(messages=None), "messages"),
    (question(messages=[]), "messages"),
    (question(messages=M), "messages"),
    (question(messages={"role": M}), "messages"),
    (question(messages=[M]), "messages.0"),
    (question(stream=M), "stream"),
    (question(stream=1), "stream"),
    ([M], None),
    (M, None),
]
NO_JSON = [
    b"", b"{", b"\xff", f'{{"{M}": 1, "{M}": 2}}'.encode(), b"[NaN]", b"[" * 9_000,
    b'{"a": "\\u0000"}',
]  # fmt: skip


def test_a_wrong_body_says_which_member(api: APIClient, asked: Instance) -> None:
    for body, param in WRONG:
        told = error(api.post(CHAT, body), 400)
        assert (told["type"], told["param"]) == ("invalid_request_error", param), body
        assert M not in str(told), body


def test_of_many_wrong_messages_the_first_alone_is_told(api: APIClient, asked: Instance) -> None:
    told = error(api.post(CHAT, question(messages=[*MESSAGES, 1, *[M] * 99_000])), 400)
    assert (told["param"], told["code"]) == ("messages.1", "not_a_dict")
    assert told["message"] == "messages.1: This must be a JSON object."


def test_more_messages_than_any_provider_takes_are_refused(api: APIClient, asked: Instance) -> None:
    told = error(api.post(CHAT, question(messages=[{}] * 100_001)), 400)
    assert (told["param"], told["code"]) == ("messages", "max_length")
    assert "100000" in told["message"]


def test_whoever_has_no_such_instance_is_told_so_whatever_else_is_wrong(
    client_of: Callable[..., APIClient], asked: Instance, outsider: Any
) -> None:
    told = error(client_of(outsider).post(CHAT, question(messages=[M], stream=M)), 404)
    assert (told["param"], told["code"]) == ("model", "model_not_found")


def test_a_body_that_is_no_json_is_refused(api: APIClient, asked: Instance) -> None:
    for raw in NO_JSON:
        told = error(api.post(CHAT, raw, content_type="application/json"), 400)
        assert M not in str(told), raw[:40]


def test_a_number_without_bounds_is_refused(api: APIClient, asked: Instance) -> None:
    raw = b'{"model": "my-assistant", "messages": [{"role": "user"}], "temperature": 1e999}'
    error(api.post(CHAT, raw, content_type="application/json"), 400)


def test_a_body_that_is_too_large_is_refused(api: APIClient, asked: Instance) -> None:
    body = question(messages=[{"role": "user", "content": "x" * (16 << 20)}])
    assert error(api.post(CHAT, body), 413)["code"] == "too_large"


@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Bearer {M}"}])
def test_a_body_in_chunks_is_refused_whoever_sends_it(
    api: APIClient, asked: Instance, headers: dict[str, str]
) -> None:
    response = api.post(CHAT, headers={"Transfer-Encoding": "chunked", **headers})
    assert error(response, 411)["code"] == "length_required"


def test_another_content_type_is_refused(api: APIClient, asked: Instance) -> None:
    error(api.post(CHAT, "x=1", content_type="application/x-www-form-urlencoded"), 415)


@pytest.mark.parametrize(
    ("method", "path"), [("get", CHAT), ("delete", CHAT), ("post", "/v1/models")]
)
def test_another_method_is_refused(api: APIClient, method: str, path: str) -> None:
    response = getattr(api, method)(path)
    error(response, 405)
    assert response["Allow"]


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/models/", f"{CHAT}/", f"/v1/{M}", "/v1/a/b"])
def test_another_address_is_not_found(api: APIClient, path: str) -> None:
    assert M not in str(error(api.get(path), 404))


def test_another_host_is_refused(api: APIClient) -> None:
    error(api.get("/v1/models", HTTP_HOST="evil.example"), 400)


def test_options_list_the_methods(api: APIClient) -> None:
    assert api.options(CHAT).json() == {"methods": ["POST", "OPTIONS"]}


@pytest.mark.django_db(transaction=True)
def test_a_failure_of_ours_is_told_without_its_cause(api: APIClient, asked: Instance) -> None:
    api.raise_request_exception = False
    with connection.schema_editor() as editor:
        editor.execute("ALTER TABLE instance_secrets RENAME TO hidden_secrets")
    try:
        response = api.post(CHAT, question())
    finally:
        with connection.schema_editor() as editor:
            editor.execute("ALTER TABLE hidden_secrets RENAME TO instance_secrets")
    told = error(response, response.status_code)
    assert response.status_code in (500, 503)
    assert told["type"] == "server_error"
    assert "secrets" not in told["message"]


def test_a_token_that_is_unknown_is_refused(anonymous: APIClient, asked: Instance) -> None:
    headers = {"Authorization": f"Bearer ply_{M}"}
    told = error(anonymous.post(CHAT, question(), headers=headers), 401)
    assert (told["type"], told["code"]) == ("authentication_error", "invalid_api_key")


def test_a_cross_site_request_is_refused(
    client_of: Callable[..., APIClient], asked: Instance, viewer: Any
) -> None:
    client = APIClient(HTTP_ORIGIN="https://evil.example")
    client.force_login(viewer, "django.contrib.auth.backends.ModelBackend")
    assert error(client.post(CHAT, question(), format="json"), 403)["type"] == "permission_error"
