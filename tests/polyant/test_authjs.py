"""Signing in with a session token of an Auth.js application that shares AUTH_SECRET."""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from joserfc import jwt
from joserfc.jwk import OctKey
from rest_framework.test import APIClient

from instances.models import Instance

pytestmark = pytest.mark.usefixtures("editor", "instance")
URL = "/api/instances/my-assistant"
COOKIE = "authjs.session-token"
SECURE = f"__Secure-{COOKIE}"


def with_cookie(token: str, name: str = COOKIE) -> APIClient:
    client = APIClient(enforce_csrf_checks=True)
    client.cookies[name] = token
    return client


def with_bearer(token: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def statuses(token: str) -> list[int]:
    """What a token is answered as cookie and as Bearer."""
    return [client.get(URL).status_code for client in (with_cookie(token), with_bearer(token))]


@pytest.mark.parametrize("name", [COOKIE, SECURE])
def test_a_token_signs_in_under_both_names_and_as_bearer(
    authjs: Callable[..., str], name: str
) -> None:
    token = authjs(salt=name)
    assert with_cookie(token, name).get(URL).status_code == 200
    assert with_bearer(token).get(URL).status_code == 200


def test_a_token_made_for_one_name_is_nothing_under_the_other(
    authjs: Callable[..., str],
) -> None:
    assert with_cookie(authjs(salt=SECURE), COOKIE).get(URL).status_code == 401
    assert with_cookie(authjs(salt=COOKIE), SECURE).get(URL).status_code == 401


@pytest.mark.parametrize("stale", [COOKIE, SECURE])
def test_a_stale_cookie_hides_no_valid_one(authjs: Callable[..., str], stale: str) -> None:
    valid = SECURE if stale == COOKIE else COOKIE
    client = with_cookie(authjs(salt=stale, exp=1), stale)
    assert client.get(URL).status_code == 401
    client.cookies[valid] = authjs(salt=valid)
    assert client.get(URL).status_code == 200


def test_a_stale_cookie_hides_no_session_of_ours(authjs: Callable[..., str], editor: User) -> None:
    client = with_cookie(authjs(salt=SECURE, exp=1), SECURE)
    client.force_login(editor)
    assert client.get(URL).status_code == 200
    assert client.patch(URL, {"name": "x"}, HTTP_ORIGIN="https://evil.example").status_code == 403


def test_a_long_token_comes_in_numbered_pieces(authjs: Callable[..., str]) -> None:
    token = authjs(picture="p" * 9000)
    client = APIClient()
    for number, start in enumerate(range(0, len(token), 3900)):
        client.cookies[f"{COOKIE}.{number}"] = token[start : start + 3900]
    assert len(client.cookies) >= 3
    assert client.get(URL).status_code == 200
    del client.cookies[f"{COOKIE}.1"]
    assert client.get(URL).status_code == 401


def test_the_address_is_compared_without_case(authjs: Callable[..., str]) -> None:
    assert statuses(authjs("Editor@EXAMPLE.com")) == [200, 200]


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_clock_may_be_a_little_ahead_of_ours(authjs: Callable[..., str], claim: str) -> None:
    assert statuses(authjs(**{claim: int(time.time()) + 10})) == [200, 200]
    assert statuses(authjs(**{claim: int(time.time()) + 60})) == [401, 401]


def test_no_token_ends_later_for_a_clock(authjs: Callable[..., str]) -> None:
    assert statuses(authjs(exp=int(time.time()) - 5)) == [401, 401]


# In what a token differs from a sound one.
CHANGES: list[dict[str, Any]] = [
    {"exp": 1},
    {"exp": None},
    {"exp": "never"},
    {"exp": True},
    {"nbf": int(time.time()) + 600},
    {"secret": "another secret of some length!!!"},
    {"salt": "another-cookie"},
    {"enc": "A256GCM", "key_length": 32},
    {"enc": "A128CBC-HS256", "key_length": 32},
    {"email": "nobody@example.com"},
    {"email": None},
    {"email": ""},
    {"email": 1},
    {"email": ["editor@example.com"]},
    {"email": {"editor@example.com": 1}},
    {"email": "%@example.com"},
    {"email": "editor_example.com"},
    {"email": " editor@example.com"},
    {"email": "ed\u0131tor@example.com"},
    {"email": "editor@example.com\0"},
    {"email": "editor@example.com\ud800"},
    {"email": "e" * 100_000},
]


def test_any_other_token_is_unauthorized(authjs: Callable[..., str]) -> None:
    for change in CHANGES:
        token = authjs(**{"email": "editor@example.com", **change})
        assert statuses(token) == [401, 401], change
        assert with_bearer(token).get(URL)["WWW-Authenticate"] == "Bearer", change


def test_claims_that_are_nested_too_deeply_are_unauthorized(authjs: Callable[..., str]) -> None:
    assert statuses(authjs(nested=500)) == [200, 200]
    assert statuses(authjs(nested=3_000)) == [401, 401]


def test_two_users_of_one_address_are_neither(
    authjs: Callable[..., str], make_user: Callable[..., User]
) -> None:
    make_user("double", email="EDITOR@example.com")
    assert statuses(authjs()) == [401, 401]


def test_a_user_with_another_letter_in_the_address_is_another_user(
    authjs: Callable[..., str], make_user: Callable[..., User]
) -> None:
    make_user("dotless", email="ed\u0131tor@example.com")
    assert statuses(authjs()) == [200, 200]


def test_an_inactive_user_is_nobody(authjs: Callable[..., str]) -> None:
    User.objects.update(is_active=False)
    assert statuses(authjs()) == [401, 401]


def test_users_without_an_address_are_not_found_by_an_empty_one(
    authjs: Callable[..., str], make_user: Callable[..., User]
) -> None:
    make_user("root", email="", is_superuser=True)
    assert statuses(authjs("")) == [401, 401]


def test_claims_grant_nothing(authjs: Callable[..., str], other_instance: Instance) -> None:
    token = authjs(role="admin", is_superuser=True, scope="*", instances=["other-assistant"])
    client = with_bearer(token)
    listed = client.get("/api/instances").json()["instances"]
    assert [each["slug"] for each in listed] == ["my-assistant"]
    assert client.delete(URL).status_code == 403
    assert not User.objects.filter(is_superuser=True).exists()


def changes_of(text: str) -> set[str]:
    """What a part of a token is changed to."""
    other = "A" + text[1:] if text[:1] != "A" else "B"
    return {text[:-1], text + "A", "", "!!!!", "é", other} - {text}


def test_a_token_with_any_part_changed_is_unauthorized(authjs: Callable[..., str]) -> None:
    parts = authjs().split(".")
    assert len(parts) == 5
    for which, text in enumerate(parts):
        for change in changes_of(text):
            mutated = ".".join([*parts[:which], change, *parts[which + 1 :]])
            assert with_bearer(mutated).get(URL).status_code == 401, (which, change)


HEADERS = [
    "[]", "null", "1", '"x"', "{}", "{", "\xff", '{"alg":[]}', '{"alg":"dir"}', '{"enc":{}}',
    '{"alg":"dir","enc":[]}', '{"alg":"dir","enc":"A256CBC-HS512","zip":1}',
    '{"alg":"dir","enc":"A256CBC-HS512","zip":"DEF"}',
    '{"alg":"dir","enc":"A256CBC-HS512","crit":1}',
    '{"alg":"dir","enc":"A256CBC-HS512","crit":["x"]}',
    '{"alg":"dir","enc":"A256CBC-HS512","kid":1}', '{"alg":"none","enc":"none"}',
    '{"alg":"PBES2-HS256+A128KW","enc":"A256CBC-HS512","p2c":2147483647,"p2s":"AA"}',
    '{"alg":"RSA-OAEP","enc":"A256CBC-HS512"}', '{"alg":"dir","alg":"dir"}', "[" * 20_000,
]  # fmt: skip


def test_a_forged_header_is_unauthorized_and_no_failure(authjs: Callable[..., str]) -> None:
    _, *rest = authjs().split(".")
    for header in HEADERS:
        forged = urlsafe_b64encode(header.encode("latin-1")).rstrip(b"=").decode()
        assert statuses(".".join([forged, *rest])) == [401, 401], header[:50]


def test_a_text_of_dots_is_unauthorized(authjs: Callable[..., str]) -> None:
    authjs()
    for token in ("a.b", "....", ".", "a.b.c.d.e", "a.b.c.d.e.f", "." * 5000):
        assert statuses(token) == [401, 401], token[:50]


def test_a_signed_token_is_not_an_encrypted_one(authjs: Callable[..., str]) -> None:
    authjs()
    claims = {"email": "editor@example.com", "exp": int(time.time()) + 600}
    key = OctKey.import_key("an Auth.js secret of some length")
    assert statuses(jwt.encode({"alg": "HS256"}, claims, key)) == [401, 401]


def test_without_a_secret_no_token_is_accepted(authjs: Callable[..., str], settings: Any) -> None:
    token, empty = authjs(), authjs(secret="")
    settings.AUTH_SECRET = ""
    assert statuses(token) == statuses(empty) == [401, 401]


def test_a_cookie_is_checked_by_origin_and_a_bearer_is_not(authjs: Callable[..., str]) -> None:
    body, kind = b'{"name": "Renamed"}', "application/json"
    elsewhere: dict[str, Any] = {"HTTP_ORIGIN": "https://evil.example"}
    clients = with_cookie(authjs()), with_bearer(authjs())
    assert [c.patch(URL, body, content_type=kind, **elsewhere).status_code for c in clients] == [
        403,
        200,
    ]
    assert clients[0].patch(URL, body, content_type=kind).status_code == 200


@pytest.mark.parametrize("secret", ["", "an Auth.js secret of some length"])
def test_we_leave_the_cookie_of_the_other_application_alone(
    authjs: Callable[..., str], settings: Any, secret: str
) -> None:
    token = authjs()
    settings.AUTH_SECRET = secret
    for path in (URL, "/health", "/admin/login/", "/api/no-such"):
        assert COOKIE not in with_cookie(token).get(path).cookies, path
        assert COOKIE not in with_cookie(token[:-2]).get(path).cookies, path
