"""A channel that this version cannot read stands beside the others, which work as ever."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.bundles.extras import Extras
from instances.models import Instance

BASE = "/api/instances/my-assistant"
URL = f"{BASE}/channels"


@pytest.fixture
def without_object(connected: Instance) -> Instance:
    """Something else than an object is where Telegram's configuration was."""
    InstanceChannel.objects.filter(channel_type="telegram").update(config=["12"])
    return connected


def test_a_type_of_another_version_is_listed_by_what_its_row_tells(
    api: APIClient, connected: Instance, foreign: InstanceChannel
) -> None:
    answer = api.get(URL).json()["channels"]
    assert [each["channelType"] for each in answer] == ["matrix", "telegram", "whatsapp"]
    assert (answer[0]["enabled"], answer[0]["config"]) == (True, {"room": "#a"})
    assert answer[0]["credentials"] == [{"key": "accessToken", "configured": True}]
    assert api.get(f"{URL}/matrix").json() == {"channel": answer[0]}


def test_a_type_that_no_row_can_have_is_not_found(api: APIClient, connected: Instance) -> None:
    for kind in ("a%00b", "%ED%A0%80", "x" * 500):
        for answer in (
            api.get(f"{URL}/{kind}"),
            api.put(f"{URL}/{kind}", {"config": {}}),
            api.delete(f"{URL}/{kind}"),
        ):
            assert answer.status_code == 404, kind


def test_a_type_of_another_version_cannot_be_connected_and_is_kept(
    api: APIClient, foreign: InstanceChannel, raw_rows: Callable[[str], list[dict[str, Any]]]
) -> None:
    before = raw_rows("instance_channels")
    response = api.put(f"{URL}/matrix", {"config": {"room": "#b"}})
    assert response.status_code == 404
    assert "telegram" in response.json()["message"]
    assert raw_rows("instance_channels") == before


def test_a_type_of_another_version_can_be_deleted_with_its_credentials(
    api: APIClient, foreign: InstanceChannel
) -> None:
    assert api.delete(f"{URL}/matrix").json() == {"deleted": True}
    assert api.delete(f"{URL}/matrix").status_code == 404
    assert not InstanceChannel.objects.exists()


def test_a_type_of_another_version_is_exported_once_without_its_credentials(
    api: APIClient, connected: Instance, foreign: InstanceChannel
) -> None:
    kept = {"channelType": "matrix", "enabled": False, "config": {"room": "#old"}, "since": 1}
    connected.bundle_extras = Extras(sections={"channels": [kept]}).to_column()
    connected.save(update_fields=["bundle_extras"])
    response = api.get(f"{BASE}/export")
    assert "MARKER" not in response.content.decode()
    channels = response.json()["instance"]["channels"]
    assert [each["channelType"] for each in channels] == ["matrix", "telegram", "whatsapp"]
    assert channels[0] == {**kept, "enabled": True, "config": {"room": "#a"}}


def test_what_is_no_object_spares_the_other_channels(
    api: APIClient, without_object: Instance
) -> None:
    for channels in (
        api.get(URL).json()["channels"],
        api.get(f"{BASE}/export").json()["instance"]["channels"],
    ):
        telegram, whatsapp = channels
        assert telegram["config"] == {}
        assert whatsapp["config"] == {"whatsappNumber": "+14155550100"}


def test_what_is_no_object_is_mended_by_connecting_and_no_credential_is_lost(
    api: APIClient, without_object: Instance
) -> None:
    channel = api.put(f"{URL}/telegram", {"config": {"allowedUserIds": "7"}}).json()["channel"]
    assert channel["config"] == {"allowedUserIds": "7"}
    members = InstanceChannel.objects.reveal(without_object, TELEGRAM)
    assert members == {"allowedUserIds": "7", "botToken": "1:a"}
