"""Who may use an instance over /v1: its members, and whoever has its own key."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_httpserver import HTTPServer
from rest_framework.test import APIClient

from instances.models import AccessToken, Instance
from secrets_app.models import InstanceSecret
from tests.playground.conftest import CHAT, COMPLETION, question

OWN_KEY = "MARKER-auth-8a2e"


@pytest.fixture(autouse=True)
def _answering(provider: HTTPServer) -> None:
    provider.expect_request(CHAT).respond_with_json(COMPLETION)


@pytest.fixture
def with_key(asked: Instance, change: Callable[..., None]) -> Instance:
    """The instance lets those in who have its key."""
    change(auth_enabled=True)
    InstanceSecret.objects.set_many(asked, {"auth_api_key": OWN_KEY}, None)
    return asked


@pytest.fixture
def knock(anonymous: APIClient) -> Callable[..., Any]:
    """POST a question with a Bearer text and without anything else."""

    def post(bearer: str, **members: Any) -> Any:
        return anonymous.post(CHAT, question(**members), headers={"Authorization": bearer})

    return post


Knock = Callable[..., Any]


def test_every_member_may_use_it(
    client_of: Callable[..., APIClient],
    asked: Instance,
    owner: User,
    editor: User,
    viewer: User,
    superuser: User,
) -> None:
    for user in (owner, editor, viewer, superuser):
        assert client_of(user).post(CHAT, question()).status_code == 200, user


def test_what_the_caller_may_not_see_is_an_unknown_model(
    client_of: Callable[..., APIClient], asked: Instance, outsider: User, provider: HTTPServer
) -> None:
    client = client_of(outsider)
    answers = [
        client.post(CHAT, question(model=slug)) for slug in ("my-assistant", "no-such", "../x", "")
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 400]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["error"]["code"] == "model_not_found"
    assert not provider.log


def test_a_disabled_instance_is_an_unknown_model(
    api: APIClient, change: Callable[..., None]
) -> None:
    unknown = api.post(CHAT, question(model="no-such")).json()
    change(status="disabled")
    response = api.post(CHAT, question())
    assert (response.status_code, response.json()) == (404, unknown)


def test_a_limited_token_reaches_only_what_it_names(
    client_of: Callable[..., APIClient], asked: Instance, superuser: User, other_instance: Instance
) -> None:
    limited = client_of(superuser, instances=[other_instance])
    assert limited.post(CHAT, question()).status_code == 404
    assert [each["id"] for each in limited.get("/v1/models").json()["data"]] == ["other-assistant"]


def test_nobody_is_told_to_sign_in(anonymous: APIClient, asked: Instance) -> None:
    for response in (anonymous.post(CHAT, question()), anonymous.get("/v1/models")):
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == "Bearer"
        assert response.json()["error"]["code"] == "invalid_api_key"


def test_the_instances_own_key_lets_in(knock: Knock, with_key: Instance) -> None:
    assert knock(f"Bearer {OWN_KEY}").status_code == 200
    assert knock(f"bearer  {OWN_KEY} ").status_code == 200


def test_a_key_with_four_dots_lets_in_too(knock: Knock, with_key: Instance) -> None:
    for key in ("a.b.c.d.e", "MARKER....", "....", "sk.1.2.3.eyJ"):
        InstanceSecret.objects.set_many(with_key, {"auth_api_key": key}, None)
        assert knock(f"Bearer {key}").status_code == 200, key


OTHER_TEXTS = [
    "", "Bearer", "Bearer ", "Bearer x", f"Basic {OWN_KEY}", f"Bearer {OWN_KEY[:-1]}",
    f"Bearer {OWN_KEY}x", f"Bearer {OWN_KEY.lower()}", "Bearer é", "Bearer ply_x",
]  # fmt: skip


def test_another_text_does_not(knock: Knock, with_key: Instance, provider: HTTPServer) -> None:
    for bearer in OTHER_TEXTS:
        response = knock(bearer)
        assert response.status_code == 401, bearer
        assert "MARKER" not in response.content.decode(), bearer
        assert not provider.log, bearer


def test_the_key_is_good_only_where_the_instance_allows_it(
    knock: Knock, with_key: Instance, change: Callable[..., None]
) -> None:
    change(auth_enabled=False)
    assert knock(f"Bearer {OWN_KEY}").status_code == 401


def test_the_key_is_good_for_its_instance_alone(
    knock: Knock, with_key: Instance, other_instance: Instance
) -> None:
    Instance.objects.filter(pk=other_instance.pk).update(auth_enabled=True)
    assert knock(f"Bearer {OWN_KEY}", model="other-assistant").status_code == 401
    assert knock(f"Bearer {OWN_KEY}", model="no-such").status_code == 401


def test_a_deleted_key_is_refused_at_once(knock: Knock, with_key: Instance) -> None:
    InstanceSecret.objects.remove(with_key, "auth_api_key", None)
    assert knock(f"Bearer {OWN_KEY}").status_code == 401


def test_a_key_that_cannot_be_opened_is_refused_and_told_in_the_log(
    knock: Knock, with_key: Instance, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ENCRYPTION_KEY = "2e" * 32
    response = knock(f"Bearer {OWN_KEY}")
    assert response.status_code == 401
    assert "auth_api_key" not in response.content.decode()
    assert "key for callers of my-assistant cannot be checked" in caplog.text


def test_a_disabled_instance_is_unknown_to_its_key_too(
    knock: Knock, with_key: Instance, change: Callable[..., None]
) -> None:
    change(status="disabled")
    assert knock(f"Bearer {OWN_KEY}").status_code == 404


def test_the_key_lists_no_models_and_opens_no_other_route(
    anonymous: APIClient, with_key: Instance
) -> None:
    headers = {"Authorization": f"Bearer {OWN_KEY}"}
    for path in ("/v1/models", "/api/instances/my-assistant/secrets"):
        assert anonymous.get(path, headers=headers).status_code == 401


def test_a_body_that_names_no_instance_lets_nobody_in(
    anonymous: APIClient, with_key: Instance
) -> None:
    headers = {"Authorization": f"Bearer {OWN_KEY}"}
    for body in (b"", b"[", b"[1]", b'{"model": 1}', b'{"model": null}'):
        response = anonymous.post(CHAT, body, content_type="application/json", headers=headers)
        assert response.status_code in (400, 401), body
        assert list(response.json()) == ["error"], body


def test_a_large_body_takes_a_token(
    knock: Knock, api: APIClient, with_key: Instance, provider: HTTPServer
) -> None:
    note = "x" * (1 << 20)
    for bearer in (OWN_KEY, "x"):
        response = knock(f"Bearer {bearer}", note=note)
        assert response.status_code == 413, bearer
        assert "1048576 bytes" in response.json()["error"]["message"], bearer
    assert not provider.log
    assert knock("Bearer eyJhIjoxfQ..c.d.e", note=note).status_code == 401
    assert api.post(CHAT, question(note=note)).status_code == 200


def test_one_row_is_opened_whoever_knocks(
    knock: Knock, with_key: Instance, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):  # the instance, its key
        assert knock("Bearer x").status_code == 401
    with django_assert_num_queries(3):  # and the provider's key
        assert knock(f"Bearer {OWN_KEY}").status_code == 200


def test_an_instance_that_there_is_not_is_looked_at_like_one_that_there_is(
    knock: Knock, with_key: Instance, other_instance: Instance
) -> None:
    Instance.objects.create(slug="without-key", name="Without key", auth_enabled=True)
    asked = []
    for slug in ("my-assistant", "without-key", "other-assistant", "no-such", "../x"):
        with CaptureQueriesContext(connection) as queries:
            assert knock("Bearer x", model=slug).status_code == 401, slug
        asked.append([query["sql"].partition(" WHERE ")[0] for query in queries])
    assert len(asked[0]) == 2
    assert asked == [asked[0]] * len(asked)


def test_a_signed_in_browser_may_ask_from_our_own_pages_only(
    asked: Instance, viewer: User, provider: HTTPServer
) -> None:
    browser = Client()
    browser.force_login(viewer, "django.contrib.auth.backends.ModelBackend")

    def ask(**headers: str) -> int:
        return browser.post(
            CHAT, question(), content_type="application/json", headers=headers
        ).status_code

    assert ask(**{"Sec-Fetch-Site": "same-origin"}) == 200
    for site in ("cross-site", "same-site"):
        assert ask(**{"Sec-Fetch-Site": site}) == 403
    assert ask(Origin="https://evil.example") == 403
    assert len(provider.log) == 1


def test_a_token_in_the_cookie_is_checked_by_origin(
    anonymous: APIClient, asked: Instance, viewer: User
) -> None:
    text, _ = AccessToken.objects.issue(viewer, timedelta(days=1))
    anonymous.cookies["authjs.session-token"] = text
    assert anonymous.post(CHAT, question()).status_code == 200
    headers = {"Origin": "https://evil.example"}
    assert anonymous.post(CHAT, question(), headers=headers).status_code == 403
