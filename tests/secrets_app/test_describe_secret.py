"""GET /api/instances/{slug}/secrets/{key}"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from rest_framework.test import APIClient

URL = "/api/instances/my-assistant/secrets"
MEMBERS = ["key", "configured", "wellKnown", "createdAt", "updatedAt", "updatedBy", "version"]


def put(client: APIClient, key: str, value: str = "v") -> None:
    assert client.put(URL, {"secrets": [{"key": key, "value": value}]}).status_code == 200


def test_a_secret_is_described_by_who_set_it_and_when(api: APIClient) -> None:
    put(api, "custom")
    answer = api.get(f"{URL}/custom").json()
    assert list(answer) == ["secret"]
    described = answer["secret"]
    assert list(described) == MEMBERS
    assert described["createdAt"].endswith("Z")
    assert described["updatedAt"] >= described["createdAt"]
    assert (described["key"], described["configured"], described["wellKnown"]) == (
        "custom", True, False,
    )  # fmt: skip
    assert (described["updatedBy"], described["version"]) == ("editor", 1)


def test_a_well_known_key_that_is_not_set_is_described_as_such(api: APIClient) -> None:
    assert api.get(f"{URL}/aws_region").json()["secret"] == {
        "key": "aws_region", "configured": False, "wellKnown": True, "createdAt": None,
        "updatedAt": None, "updatedBy": None, "version": 0,
    }  # fmt: skip


def test_each_write_counts_and_the_first_one_stays_the_birth(
    api: APIClient, client_of: Callable[..., APIClient], owner: User
) -> None:
    put(api, "openai_api_key", "one")
    before = api.get(f"{URL}/openai_api_key").json()["secret"]
    put(client_of(owner), "openai_api_key", "one")
    after = api.get(f"{URL}/openai_api_key").json()["secret"]
    assert after["createdAt"] == before["createdAt"]
    assert after["updatedAt"] > before["updatedAt"]
    assert (after["updatedBy"], after["version"]) == ("owner", 2)


def test_a_secret_that_is_set_anew_begins_anew(api: APIClient) -> None:
    put(api, "custom")
    put(api, "custom")
    api.delete(f"{URL}/custom")
    put(api, "custom")
    assert api.get(f"{URL}/custom").json()["secret"]["version"] == 1


def test_a_secret_outlives_who_set_it(api: APIClient, owner: User, editor: User) -> None:
    put(api, "custom")
    editor.delete()
    described = APIClient()
    described.force_login(owner)
    assert described.get(f"{URL}/custom").json()["secret"]["updatedBy"] is None


def test_a_custom_key_that_does_not_exist_is_not_found(api: APIClient) -> None:
    for key in ("custom", "OPENAI_API_KEY", "k" * 65, "openai_api_key%0a", "a-b"):
        response = api.get(f"{URL}/{key}")
        assert response.status_code == response.json()["statusCode"] == 404, key


def test_a_row_that_cannot_be_opened_is_described_all_the_same(
    api: APIClient, settings: Any
) -> None:
    put(api, "custom")
    before = api.get(f"{URL}/custom").json()
    settings.ENCRYPTION_KEY = "2e" * 32
    assert api.get(f"{URL}/custom").json() == before


def test_a_viewer_may_ask_whether_it_is_set(
    api: APIClient, client_of: Callable[..., APIClient], viewer: User
) -> None:
    put(api, "custom")
    assert client_of(viewer).get(f"{URL}/custom").json() == api.get(f"{URL}/custom").json()
