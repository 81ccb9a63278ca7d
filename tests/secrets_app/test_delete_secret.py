"""DELETE /api/instances/{slug}/secrets/{key}"""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from instances.models import Instance
from secrets_app.models import InstanceSecret

URL = "/api/instances/my-assistant/secrets"


@pytest.fixture
def filled(api: APIClient) -> APIClient:
    entries = [{"key": key, "value": "v"} for key in ("openai_api_key", "custom")]
    assert api.put(URL, {"secrets": entries}).status_code == 200
    return api


@pytest.mark.parametrize("key", ["openai_api_key", "custom"])
def test_the_row_is_gone_at_once(
    filled: APIClient, raw_rows: Callable[[str], list[dict[str, Any]]], key: str
) -> None:
    response = filled.delete(f"{URL}/{key}")
    assert (response.status_code, response.json()) == (200, {"deleted": True})
    assert [row["key"] for row in raw_rows("instance_secrets")] == [
        each for each in ("openai_api_key", "custom") if each != key
    ]


def test_a_deleted_secret_is_listed_as_one_that_was_never_set(filled: APIClient) -> None:
    filled.delete(f"{URL}/openai_api_key")
    filled.delete(f"{URL}/custom")
    listed = filled.get(URL).json()["secrets"]
    assert len(listed) == 12
    assert not any(each["configured"] for each in listed)


def test_what_is_not_configured_cannot_be_deleted(filled: APIClient) -> None:
    for key in ("aws_region", "no_such", "OPENAI_API_KEY", "openai_api_key%00"):
        response = filled.delete(f"{URL}/{key}")
        assert response.status_code == response.json()["statusCode"] == 404, key
        assert InstanceSecret.objects.count() == 2, key


def test_a_second_delete_finds_nothing(filled: APIClient) -> None:
    statuses = [filled.delete(f"{URL}/custom").status_code for _ in range(2)]
    assert statuses == [200, 404]


def test_another_instance_keeps_its_secret_of_the_same_key(
    filled: APIClient, other_instance: Instance
) -> None:
    InstanceSecret.objects.create(instance=other_instance, key="custom", value="v")
    filled.delete(f"{URL}/custom")
    assert InstanceSecret.objects.get(key="custom").instance == other_instance


def test_an_unreadable_secret_can_be_deleted(filled: APIClient, settings: Any) -> None:
    settings.ENCRYPTION_KEY = "2e" * 32
    assert filled.delete(f"{URL}/custom").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_deletes_at_once_one_finds_nothing(
    filled: APIClient, together: Callable[..., list[int]], instance: Instance
) -> None:
    calls = [lambda: filled.delete(f"{URL}/custom").status_code] * 2
    assert sorted(together(*calls, behind=instance)) == [200, 404]
