"""GET /api/instances/{slug}/channels and …/{type}"""

from typing import Any

import pytest
from rest_framework.test import APIClient

from channels_app.models import InstanceChannel
from instances.models import Instance

URL = "/api/instances/my-assistant/channels"


def test_without_channels_the_list_is_empty(api: APIClient) -> None:
    assert api.get(URL).json() == {"channels": []}


def test_the_channels_that_exist_are_listed_by_type(api: APIClient, connected: Instance) -> None:
    answer = api.get(URL).json()
    assert list(answer) == ["channels"]
    assert [list(each) for each in answer["channels"]] == [
        ["channelType", "enabled", "config", "credentials", "updatedAt"]
    ] * 2
    assert [each["channelType"] for each in answer["channels"]] == ["telegram", "whatsapp"]


def test_configuration_is_readable_and_of_credentials_only_whether_they_are_set(
    api: APIClient, connected: Instance
) -> None:
    api.put(f"{URL}/whatsapp", {"config": {"authToken": None}})
    _, whatsapp = api.get(URL).json()["channels"]
    assert whatsapp["config"] == {"whatsappNumber": "+14155550100"}
    assert whatsapp["credentials"] == [
        {"key": "accountSid", "configured": True},
        {"key": "authToken", "configured": False},
    ]


def test_one_channel_is_shown_as_in_the_listing(api: APIClient, connected: Instance) -> None:
    listed = api.get(URL).json()["channels"]
    shown = [api.get(f"{URL}/{kind}").json() for kind in ("telegram", "whatsapp")]
    assert shown == [{"channel": each} for each in listed]


def test_a_channel_that_is_not_connected_is_not_found(api: APIClient) -> None:
    response = api.get(f"{URL}/telegram")
    assert response.status_code == response.json()["statusCode"] == 404


def test_an_unknown_type_is_not_found_and_the_valid_ones_are_listed(api: APIClient) -> None:
    message = api.get(f"{URL}/discord").json()["message"]
    assert all(kind in message for kind in ("telegram", "slack", "whatsapp"))
    assert "discord" not in message


def test_channels_that_cannot_be_opened_are_listed_all_the_same(
    api: APIClient, connected: Instance, settings: Any
) -> None:
    before = api.get(URL).json()
    settings.ENCRYPTION_KEY = "2e" * 32
    assert api.get(URL).json() == before
    assert api.get(f"{URL}/telegram").status_code == 200


def test_channels_of_another_instance_are_not_listed(
    api: APIClient, other_instance: Instance
) -> None:
    InstanceChannel.objects.create(
        instance=other_instance, channel_type="telegram", credentials={"botToken": "1:a"}
    )
    assert api.get(URL).json() == {"channels": []}
    assert api.get(f"{URL}/telegram").status_code == 404


@pytest.mark.parametrize("path", ["", "/telegram"])
def test_head_answers_as_get_without_a_body(api: APIClient, connected: Instance, path: str) -> None:
    response = api.head(f"{URL}{path}")
    assert (response.status_code, response.content) == (200, b"")


def test_options_lists_methods_alike_for_every_type(api: APIClient, connected: Instance) -> None:
    answers = [api.options(f"{URL}/{kind}").json() for kind in ("telegram", "slack", "discord")]
    assert answers == [{"methods": ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"]}] * 3


@pytest.mark.parametrize("path", ["/", "/telegram/"])
def test_a_trailing_slash_is_not_found_and_never_a_redirect(
    api: APIClient, connected: Instance, path: str
) -> None:
    response = api.get(f"{URL}{path}")
    assert response.status_code == 404
    assert not response.has_header("Location")
