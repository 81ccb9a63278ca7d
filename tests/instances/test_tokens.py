"""POST and DELETE /api/auth/token, and what a token may do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from instances.models import AccessToken, Instance

URL = "/api/auth/token"
GOOD = {"username": "owner", "password": "owner"}
WRONG = {"username": "owner", "password": "wrong"}


def bearer(token: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def test_a_password_is_traded_for_a_token_that_signs_in(anonymous: APIClient, owner: User) -> None:
    response = anonymous.post(URL, GOOD)
    assert response.status_code == 201
    assert list(response.json()) == ["token", "expiry"]
    listed = bearer(response.json()["token"]).get("/api/instances").json()["instances"]
    assert [each["slug"] for each in listed] == ["my-assistant"]


def test_a_token_expires_when_it_says(anonymous: APIClient, owner: User, settings: Any) -> None:
    settings.TOKEN_LIFETIME = timedelta(days=3)
    expiry = parse_datetime(anonymous.post(URL, GOOD).json()["expiry"])
    assert expiry is not None
    assert abs(expiry - timezone.now() - timedelta(days=3)) < timedelta(minutes=1)


def test_an_expired_token_signs_nobody_in(anonymous: APIClient, owner: User) -> None:
    token = anonymous.post(URL, GOOD).json()["token"]
    AccessToken.objects.update(expires_at=timezone.now())
    response = bearer(token).get("/api/instances")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_new_password_ends_what_was_traded_for_the_old_one_and_no_token_of_a_program(
    anonymous: APIClient, owner: User
) -> None:
    traded = bearer(anonymous.post(URL, GOOD).json()["token"])
    made = bearer(AccessToken.objects.issue(owner, timedelta(days=1), label="nightly")[0])
    assert traded.get("/api/instances").status_code == 200
    owner.set_password("another")
    owner.save()
    assert traded.get("/api/instances").status_code == 401
    assert made.get("/api/instances").status_code == 200


def test_a_new_secret_key_ends_no_token_while_the_old_one_is_a_fallback(
    anonymous: APIClient, owner: User, settings: Any
) -> None:
    traded = bearer(anonymous.post(URL, GOOD).json()["token"])
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "z" * 50, [settings.SECRET_KEY]
    assert traded.get("/api/instances").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert traded.get("/api/instances").status_code == 401


def test_a_new_token_sweeps_the_expired_ones_of_its_owner_away(owner: User, viewer: User) -> None:
    for user in (owner, viewer):
        for days in (-1, 1):
            AccessToken.objects.issue(user, timedelta(days=days), label=f"{user} {days}")
    AccessToken.objects.issue(owner, timedelta(days=1), label="new")
    labels = AccessToken.objects.values_list("label", flat=True)
    assert sorted(labels) == ["new", "owner 1", "viewer 1"]


@pytest.mark.parametrize("name", ["owner", "nobody"])
def test_a_wrong_password_says_no_more_than_an_unknown_name(
    anonymous: APIClient, owner: User, name: str
) -> None:
    response = anonymous.post(URL, {"username": name, "password": "wrong"})
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json() == {
        "statusCode": 401, "error": "Unauthorized",
        "message": "The username or the password is wrong.",
    }  # fmt: skip


def test_an_inactive_user_gets_no_token(anonymous: APIClient, owner: User) -> None:
    User.objects.update(is_active=False)
    assert anonymous.post(URL, GOOD).status_code == 401


def test_a_stale_token_does_not_keep_its_owner_from_a_new_one(owner: User) -> None:
    client = bearer("ply_stale")
    assert client.post(URL, GOOD, format="json").status_code == 201


BODIES: list[Any] = [
    {}, {"username": "owner"}, {"password": "owner"}, {**GOOD, "days": 9}, [], None, "owner",
    {**GOOD, "password": None}, {**GOOD, "password": 1}, {**GOOD, "password": ""},
    {**GOOD, "username": ["owner"]}, {**GOOD, "username": "o" * 151},
]  # fmt: skip


def test_other_bodies_are_refused(anonymous: APIClient, owner: User) -> None:
    for body in BODIES:
        assert anonymous.post(URL, body, format="json").status_code == 400, repr(body)
        assert not AccessToken.objects.exists(), repr(body)


def test_after_five_wrong_passwords_the_right_one_has_to_wait(
    anonymous: APIClient, owner: User
) -> None:
    statuses = [anonymous.post(URL, WRONG).status_code for _ in range(5)]
    assert statuses[:4] == [401] * 4
    response = anonymous.post(URL, GOOD)
    assert response.status_code == response.json()["statusCode"] == 429
    assert 0 < int(response["Retry-After"]) <= 900
    assert response["Cache-Control"] == "no-store"


def test_a_lock_out_of_one_does_not_lock_out_another(
    anonymous: APIClient, owner: User, viewer: User
) -> None:
    for _ in range(6):
        anonymous.post(URL, WRONG)
    other = {"username": "viewer", "password": "viewer"}
    assert anonymous.post(URL, other).status_code == 201
    assert anonymous.post(URL, GOOD, REMOTE_ADDR="192.0.2.7").status_code == 201


def test_the_right_password_forgets_the_wrong_ones(anonymous: APIClient, owner: User) -> None:
    for _ in range(3):
        assert [anonymous.post(URL, body).status_code for body in (WRONG, WRONG, GOOD)] == [
            401, 401, 201,
        ]  # fmt: skip


@pytest.mark.parametrize("query", ["x=%00", "%ff=%ed%a0%80"])
def test_a_wrong_password_with_an_odd_address_is_still_only_wrong(
    anonymous: APIClient, owner: User, query: str
) -> None:
    assert anonymous.post(f"{URL}?{query}", WRONG).status_code == 401


def test_delete_ends_the_presented_token_and_no_other(
    client_of: Callable[..., APIClient], owner: User
) -> None:
    client, other = client_of(owner), client_of(owner)
    response = client.delete(URL)
    assert (response.status_code, response.json()) == (200, {"deleted": True})
    assert client.get("/api/instances").status_code == client.delete(URL).status_code == 401
    assert other.get("/api/instances").status_code == 200


def test_a_session_has_no_token_to_delete(anonymous: APIClient, owner: User) -> None:
    anonymous.force_login(owner)
    assert anonymous.delete(URL).status_code == 401


def test_the_row_of_a_token_has_no_part_of_it(
    anonymous: APIClient, owner: User, raw_rows: Callable[[str], list[dict[str, Any]]]
) -> None:
    token = anonymous.post(URL, GOOD).json()["token"]
    (row,) = raw_rows("access_tokens")
    stored = " ".join(map(str, row.values()))
    pieces = [token[start : start + 6] for start in range(len(token) - 5)]
    assert [piece for piece in pieces if piece in stored] == []


def test_a_token_is_long_and_never_the_same(anonymous: APIClient, owner: User) -> None:
    tokens = {anonymous.post(URL, GOOD).json()["token"] for _ in range(5)}
    assert len(tokens) == 5
    assert min(map(len, tokens)) >= 40


def test_a_limited_token_whose_instance_is_gone_sees_nothing(
    client_of: Callable[..., APIClient], owner: User, superuser: User, other_instance: Instance
) -> None:
    instance = Instance.objects.get(slug="my-assistant")
    client = client_of(superuser, instances=[instance])
    assert len(client.get("/api/instances").json()["instances"]) == 1
    client_of(owner).delete("/api/instances/my-assistant")
    assert client.get("/api/instances").json() == {"instances": []}
    assert client.get("/api/instances/other-assistant").status_code == 404


@pytest.mark.parametrize(
    "credentials",
    ["Bearer", "Bearer ", "Bearer ply_", "Bearer ply_\u00e9", "Bearer ply_" + "x" * 9000,
     "Bearer a.b.c.d.e", "Bearer null", "bearer  ply_x ply_y"],
)  # fmt: skip
def test_other_bearer_credentials_are_unauthorized(db: None, credentials: str) -> None:
    response = APIClient(HTTP_AUTHORIZATION=credentials).get("/api/instances")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert "ply_" not in response.content.decode()


def test_a_token_in_the_place_of_the_session_cookie_signs_in(
    anonymous: APIClient, editor: User, instance: Instance
) -> None:
    # As the guide's curl lines send it.
    text, _ = AccessToken.objects.issue(editor, timedelta(days=1))
    anonymous.cookies["authjs.session-token"] = text
    answer = anonymous.get(f"/api/instances/{instance.slug}/secrets")
    assert answer.status_code == 200
    assert "authjs.session-token" not in answer.cookies


def test_a_token_in_a_cookie_does_not_write_for_another_site(
    anonymous: APIClient, editor: User, instance: Instance
) -> None:
    text, _ = AccessToken.objects.issue(editor, timedelta(days=1))
    anonymous.cookies["authjs.session-token"] = text
    body = {"secrets": [{"key": "custom", "value": "x"}]}
    url = f"/api/instances/{instance.slug}/secrets"
    assert anonymous.put(url, body, HTTP_SEC_FETCH_SITE="cross-site").status_code == 403
    assert anonymous.put(url, body).status_code == 200
