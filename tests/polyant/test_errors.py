"""The one error shape, and what every answer of the API has in common."""

from collections.abc import Callable
from http import HTTPStatus
from itertools import product
from threading import Event
from typing import Any, NoReturn

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import ProgrammingError, connection
from django.http import Http404
from rest_framework.test import APIClient

from instances.models import Instance
from polyant.api import handle
from tests.polyant.conftest import worn_out

BASE = "/api/instances/my-assistant"
# How to be refused with each status: method, path, body.
REFUSALS: dict[int, tuple[str, str, Any]] = {
    400: ("put", f"{BASE}/secrets", {"secrets": []}),
    403: ("post", "/api/instances", {"slug": "new", "name": "New"}),
    404: ("get", "/api/instances/no-such", None),
    405: ("post", BASE, None),
    409: (
        "put",
        f"{BASE}/skills/search/env",
        {"env": [{"key": "K", "value": "v", "sensitive": False}]},
    ),
}  # fmt: skip


@pytest.fixture
def sealed_env(api: APIClient) -> APIClient:
    body = {"env": [{"key": "K", "value": "v"}]}
    assert api.put(f"{BASE}/skills/search/env", body).status_code == 200
    return api


def test_every_refusal_has_the_one_shape(sealed_env: APIClient) -> None:
    for status, (method, path, body) in REFUSALS.items():
        response = getattr(sealed_env, method)(path, body)
        answer = response.json()
        assert response.status_code == answer["statusCode"] == status
        assert answer["error"] == HTTPStatus(status).phrase
        errors = ["errors"] if status == 400 else []
        assert list(answer) == ["statusCode", "error", "message", *errors], status
        assert answer["message"].endswith("."), status


def test_a_fault_has_path_code_and_message(api: APIClient) -> None:
    body = {"secrets": [{"key": "ok", "value": "v"}, {"key": "NO", "value": "v"}]}
    answer = api.put(f"{BASE}/secrets", body).json()
    (fault,) = answer["errors"]
    assert list(fault) == ["path", "code", "message"]
    assert (fault["path"], fault["code"]) == ("secrets.1.key", "invalid_key")
    assert answer["message"] == f"secrets.1.key: {fault['message']}"


def test_the_summary_counts_the_faults_it_leaves_out(api: APIClient) -> None:
    body = {"secrets": [{"key": "NO", "value": ""}, {"key": "NO", "value": "v"}]}
    answer = api.put(f"{BASE}/secrets", body).json()
    assert len(answer["errors"]) == 3
    assert answer["message"].endswith("(and 2 more)")


def test_a_fault_of_the_whole_body_has_an_empty_path(api: APIClient) -> None:
    response = api.put(f"{BASE}/secrets", b"[]", content_type="application/json")
    assert [each["path"] for each in response.json()["errors"]] == [""]


@pytest.mark.parametrize("config", [[], "x", 1, True])
def test_a_fault_is_told_in_words_of_json(api: APIClient, config: Any) -> None:
    message = api.put(f"{BASE}/channels/telegram", {"config": config}).json()["message"]
    assert "dictionary" not in message
    assert f'"{type(config).__name__}"' not in message


NO_ADDRESSES = [
    "/api", "/api/", "/api/no-such", "/api//instances", "/api/instances/", "/api/auth/token/",
    f"{BASE}/", f"{BASE}/secrets/a/b", "/health/", "/health/no", "/v1", "/v1/", "/v1/no-such",
]  # fmt: skip


def test_an_unknown_address_is_not_found_in_json_and_never_a_redirect(api: APIClient) -> None:
    for path, method in product(NO_ADDRESSES, ["get", "post", "put", "delete", "head"]):
        response = getattr(api, method)(path)
        assert response.status_code == 404, (method, path)
        assert response["Content-Type"] == "application/json", (method, path)
        assert not response.has_header("Location"), (method, path)


ANSWERS = [
    *REFUSALS.values(), ("get", "/api/instances", None), ("head", BASE, None),
    ("options", BASE, None), ("get", "/api/no-such", None), ("get", "/api", None),
    ("get", "/v1/no-such", None), ("get", "/api/schema", None),
    ("put", f"{BASE}/secrets", {"secrets": [{"key": "k", "value": "v"}]}),
]  # fmt: skip


def test_no_answer_of_the_api_may_be_stored(api: APIClient, anonymous: APIClient) -> None:
    for method, path, body in ANSWERS:
        for client in (api, anonymous):
            response = getattr(client, method)(path, body)
            assert response["Cache-Control"] == "no-store", (method, path)


@pytest.mark.parametrize("method", ["get", "put", "patch", "post", "delete", "head", "options"])
def test_nobody_is_told_to_sign_in_with_a_bearer_token(anonymous: APIClient, method: str) -> None:
    response = getattr(anonymous, method)(f"{BASE}/secrets")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


def test_an_unknown_host_is_a_bad_request_in_the_one_shape(api: APIClient) -> None:
    response = api.get("/api/instances", HTTP_HOST="evil.example")
    assert response.status_code == response.json()["statusCode"] == 400
    assert "evil" not in response.content.decode()
    assert "ALLOWED_HOSTS" in response.json()["message"]
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["FOO", "PROPFIND", "CONNECT", "foo"])
def test_an_unknown_method_is_not_allowed_and_not_repeated(api: APIClient, method: str) -> None:
    response = api.generic(method, BASE)
    assert response.status_code == response.json()["statusCode"] == 405
    assert "FOO" not in response.content.decode()


def test_a_failure_of_ours_is_told_without_its_cause(api: APIClient, instance: Instance) -> None:
    def fail(*_: Any) -> NoReturn:
        raise ProgrammingError("Error in channels")

    api.raise_request_exception = False
    with connection.execute_wrapper(fail):
        response = api.get(f"{BASE}/channels")
    assert response.status_code == response.json()["statusCode"] == 500
    assert list(response.json()) == ["statusCode", "error", "message"]
    assert response["Cache-Control"] == "no-store"
    assert not {"channels", "Error", "Traceback"} & set(response.content.decode().split())


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_is_not_to_be_had_is_told_as_such(
    api: APIClient, instance: Instance, together: Callable[..., list[Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    is_sqlite = connection.vendor == "sqlite"
    answered = Event()
    impatient = "PRAGMA busy_timeout = 50" if is_sqlite else "SET lock_timeout = '50ms'"

    def write() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(impatient)
        response = api.put(f"{BASE}/secrets", {"secrets": [{"key": "k", "value": "v"}]})
        answered.set()
        return response

    # The lock is kept until it has been given up.
    (response,) = together(write, behind=instance, meanwhile=lambda: answered.wait(20))
    assert response.status_code == 503
    assert response.json()["message"] == "The database is busy; try again."
    assert response["Retry-After"] == "1"
    (told,) = [each.message for each in caplog.records if each.name == "polyant.api"]
    assert told in {
        "The database is busy: database is locked",
        "The database is busy: canceling statement due to lock timeout",
    }


# A state of the database, the fault that is told, and the reason that only the log has.
NO_WRITES = [
    *([("full", "does not answer", "is full")] if connection.vendor == "sqlite" else []),
    ("read-only", "is read-only", "read"),
]


@pytest.mark.parametrize(("state", "fault", "reason"), NO_WRITES)
def test_why_the_database_takes_no_write_is_in_the_log_and_not_in_the_answer(
    api: APIClient, instance: Instance, caplog: pytest.LogCaptureFixture,
    state: str, fault: str, reason: str,
) -> None:  # fmt: skip
    api.raise_request_exception = False
    with worn_out(state):
        secret = {"key": "k", "value": "v" * 40_000}
        response = api.put(f"{BASE}/secrets", {"secrets": [secret]})
    assert response.status_code == 503
    assert response.json()["message"] == f"The database {fault}; try again."
    (told,) = [each.message for each in caplog.records if each.name == "polyant.api"]
    assert told.startswith(f"The database {fault}: ")
    assert reason in told


@pytest.mark.parametrize(
    ("missing", "method", "path"),
    [("access_tokens", "get", "/api/instances"), ("axes_accessattempt", "post", "/api/auth/token"),
     ("django_session", "put", f"{BASE}/secrets")],
)  # fmt: skip
def test_a_database_that_was_never_migrated_is_not_ready(
    anonymous: APIClient, caplog: pytest.LogCaptureFixture, missing: str, method: str, path: str
) -> None:
    anonymous.raise_request_exception = False
    anonymous.cookies["authjs.session-token"] = "0" * 32
    bearer = {"Authorization": "Bearer ply_x"} if method == "get" else {}
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {missing} RENAME TO hidden")
    body = {"username": "u", "password": "p"}
    response = getattr(anonymous, method)(path, body, headers=bearer)
    assert response.status_code == 503
    assert response.json()["message"] == "The database is not ready; try again."
    (told,) = [each.message for each in caplog.records if each.name == "polyant.api"]
    assert missing in told
    assert "manage.py migrate" in told


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [(PermissionDenied("for u1"), 403, "may not"), (Http404("No Instance"), 404, "Nothing is")],
)
def test_what_django_itself_refuses_is_told_in_words_of_ours(
    error: Exception, status: int, words: str
) -> None:
    response = handle(error, {})
    assert response is not None
    assert response.status_code == response.data["statusCode"] == status
    assert words in response.data["message"]
    assert str(error) not in response.data["message"]


def test_a_role_that_is_lacking_is_named(client_of: Callable[..., APIClient], viewer: User) -> None:
    response = client_of(viewer).put(f"{BASE}/secrets", {"secrets": []})
    assert response.status_code == 403
    assert "editor" in response.json()["message"]
