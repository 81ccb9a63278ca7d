"""GET /api/instances/{slug}/secrets"""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from instances.models import Instance
from secrets_app.models import InstanceSecret

URL = "/api/instances/my-assistant/secrets"
# The guide's list, word for word.
WELL_KNOWN = [
    "openai_api_key", "anthropic_api_key", "aws_access_key_id", "aws_secret_access_key",
    "aws_region", "langsmith_api_key", "auth_api_key", "tavily_api_key", "github_token",
    "s3_bucket_name", "http_api_key", "deepgram_api_key",
]  # fmt: skip


def put(api: APIClient, *keys: str) -> None:
    body = {"secrets": [{"key": key, "value": f"value of {key}"} for key in keys]}
    assert api.put(URL, body).status_code == 200


def test_the_twelve_well_known_keys_are_always_listed_in_the_order_of_the_guide(
    api: APIClient,
) -> None:
    assert api.get(URL).json() == {
        "secrets": [{"key": key, "configured": False} for key in WELL_KNOWN]
    }


def test_what_is_set_is_configured_and_keeps_its_place(api: APIClient) -> None:
    put(api, "langsmith_api_key", "openai_api_key")
    listed = api.get(URL).json()["secrets"]
    assert [each["key"] for each in listed] == WELL_KNOWN
    assert [each["key"] for each in listed if each["configured"]] == [
        "openai_api_key",
        "langsmith_api_key",
    ]


def test_custom_keys_follow_sorted_and_only_those_that_exist(api: APIClient) -> None:
    put(api, "zz", "slack_bot", "a1", "_x", "9", "openai_api_key")
    custom = api.get(URL).json()["secrets"][12:]
    assert custom == [
        {"key": key, "configured": True} for key in ("9", "_x", "a1", "slack_bot", "zz")
    ]


def test_an_entry_has_exactly_two_members(api: APIClient) -> None:
    put(api, "openai_api_key", "custom")
    answer = api.get(URL).json()
    assert list(answer) == ["secrets"]
    assert {tuple(each) for each in answer["secrets"]} == {("key", "configured")}


def test_a_row_that_cannot_be_opened_does_not_change_the_listing(
    api: APIClient, settings: Any
) -> None:
    put(api, "openai_api_key", "custom")
    before = api.get(URL).json()
    settings.ENCRYPTION_KEY = "2e" * 32
    assert api.get(URL).json() == before


def test_secrets_of_another_instance_are_not_listed(
    api: APIClient, other_instance: Instance
) -> None:
    InstanceSecret.objects.create(instance=other_instance, key="theirs", value="v")
    listed = api.get(URL).json()["secrets"]
    assert [each["key"] for each in listed if each["configured"]] == []
    assert len(listed) == 12


def test_head_answers_as_get_without_a_body(api: APIClient) -> None:
    response = api.head(URL)
    assert (response.status_code, response.content) == (200, b"")


def test_options_lists_methods_and_nothing_else(api: APIClient) -> None:
    put(api, "custom")
    assert api.options(URL).json() == {"methods": ["GET", "PUT", "HEAD", "OPTIONS"]}


@pytest.mark.parametrize("method", ["post", "patch", "delete", "trace"])
def test_other_methods_are_not_allowed(api: APIClient, method: str) -> None:
    call: Callable[[str], Any] = getattr(api, method)
    response = call(URL)
    assert response.status_code == response.json()["statusCode"] == 405
    assert response["Allow"] == "GET, PUT, HEAD, OPTIONS"


def test_a_trailing_slash_is_not_found_and_never_a_redirect(api: APIClient) -> None:
    for method in (api.get, api.put, api.delete):
        response = method(f"{URL}/")
        assert response.status_code == 404
        assert not response.has_header("Location")
