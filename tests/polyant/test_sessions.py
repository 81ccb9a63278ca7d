"""Signing in with the session cookie, and what another site may not do with it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from instances.models import Instance
from secrets_app.models import InstanceSecret

URL = "/api/instances/my-assistant/secrets"
BODY = b'{"secrets": [{"key": "openai_api_key", "value": "sk-1"}]}'
OURS, THEIRS = "http://testserver", "https://evil.example"
ALLOWED: list[dict[str, Any]] = [
    {},
    {"HTTP_ORIGIN": OURS},
    {"HTTP_SEC_FETCH_SITE": "same-origin"},
    {"HTTP_SEC_FETCH_SITE": "none"},
    {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": OURS},
    {"HTTP_ORIGIN": "https://trusted.example"},
]
REFUSED: list[dict[str, Any]] = [
    {"HTTP_SEC_FETCH_SITE": "cross-site"},
    {"HTTP_SEC_FETCH_SITE": "same-site"},
    {"HTTP_SEC_FETCH_SITE": ""},
    {"HTTP_SEC_FETCH_SITE": "Same-Origin, none"},
    {"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_ORIGIN": OURS},
    {"HTTP_ORIGIN": THEIRS},
    {"HTTP_ORIGIN": "null"},
    {"HTTP_ORIGIN": ""},
    {"HTTP_ORIGIN": "https://testserver"},
    {"HTTP_ORIGIN": "http://testserver.evil.example"},
    {"HTTP_ORIGIN": "http://testserver:81"},
    {"HTTP_ORIGIN": "http://sub.testserver"},
    {"HTTP_ORIGIN": f"{OURS} {THEIRS}"},
    {"HTTP_ORIGIN": "http://trusted.example"},
]


@pytest.fixture
def browser(editor: User, settings: Any) -> APIClient:
    """A client that has the cookie of a signed-in editor, and checks CSRF as a server does."""
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example"]
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(editor)
    return client


def put(client: APIClient, **headers: Any) -> int:
    return client.put(URL, BODY, content_type="application/json", **headers).status_code


def test_the_cookie_has_the_name_of_the_guide(browser: APIClient) -> None:
    assert list(browser.cookies) == ["authjs.session-token"]


def test_the_cookie_alone_signs_in_as_in_the_guide(browser: APIClient, instance: Instance) -> None:
    header = f"authjs.session-token={browser.cookies['authjs.session-token'].value}"
    curl = APIClient(enforce_csrf_checks=True, HTTP_COOKIE=header)
    assert put(curl) == 200
    assert curl.get(URL).json()["secrets"][0] == {"key": "openai_api_key", "configured": True}
    assert curl.delete(f"{URL}/openai_api_key").status_code == 200
    assert not InstanceSecret.objects.exists()


def test_another_cookie_signs_nobody_in(db: None) -> None:
    for value in ("", "x", "0" * 32, "../../etc/passwd", "a b", "é"):
        client = APIClient(HTTP_COOKIE=f"authjs.session-token={value}")
        response = client.get(URL)
        assert response.status_code == 401, value
        assert response["WWW-Authenticate"] == "Bearer", value


def test_a_session_that_ended_signs_nobody_in(browser: APIClient) -> None:
    key = browser.cookies["authjs.session-token"].value
    browser.logout()
    client = APIClient(HTTP_COOKIE=f"authjs.session-token={key}")
    assert client.get(URL).status_code == 401


def test_an_inactive_user_is_signed_out(browser: APIClient) -> None:
    User.objects.update(is_active=False)
    assert browser.get(URL).status_code == 401


def test_a_write_from_our_own_pages_or_no_browser_succeeds(browser: APIClient) -> None:
    for headers in ALLOWED:
        assert put(browser, **headers) == 200, headers


def test_a_write_from_another_site_is_refused(browser: APIClient) -> None:
    for headers in REFUSED:
        assert put(browser, **headers) == 403, headers
        assert browser.delete(f"{URL}/openai_api_key", **headers).status_code == 403, headers
    assert not InstanceSecret.objects.exists()


def test_reading_is_not_checked_by_origin(browser: APIClient) -> None:
    for headers in REFUSED:
        assert browser.get(URL, **headers).status_code == 200, headers


def test_no_other_site_may_read_the_answer(browser: APIClient) -> None:
    response = browser.get(URL, HTTP_ORIGIN=THEIRS)
    assert not [name for name in response.headers if name.startswith("Access-Control")]


def test_a_bearer_token_is_not_checked_by_origin(api: APIClient) -> None:
    for headers in REFUSED:
        assert put(api, **headers) == 200, headers


def test_what_an_html_form_can_send_is_unsupported(browser: APIClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        response = browser.generic("PUT", URL, BODY.decode(), content_type=kind)
        assert response.status_code == 415, kind
    assert not InstanceSecret.objects.exists()


def test_a_method_cannot_be_overridden(browser: APIClient) -> None:
    browser.post(f"{URL}?_method=PUT", BODY, content_type="application/json",
                 HTTP_X_HTTP_METHOD_OVERRIDE="PUT")  # fmt: skip
    assert not InstanceSecret.objects.exists()


def test_a_wrong_bearer_token_is_not_saved_by_a_good_cookie(browser: APIClient) -> None:
    assert browser.get(URL, HTTP_AUTHORIZATION="Bearer ply_wrong").status_code == 401


@pytest.mark.parametrize(
    ("https", "name"),
    [("", "authjs.session-token"), ("1", "__Secure-authjs.session-token")],
)
def test_https_secures_the_cookie(
    settings_of: Callable[..., dict[str, Any]], https: str, name: str
) -> None:
    found = settings_of(HTTPS=https or "0")
    assert found["SESSION_COOKIE_NAME"] == name
    assert found["SESSION_COOKIE_SECURE"] is bool(https)
