"""DELETE /api/instances/{slug}/channels/{type}"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.audit import Action, AuditEntry
from instances.models import Instance

URL = "/api/instances/my-assistant/channels"


def test_a_channel_is_gone_at_once_and_alone(
    api: APIClient, connected: Instance, other_instance: Instance
) -> None:
    InstanceChannel.objects.connect(other_instance, TELEGRAM, {"botToken": "1:b"}, None)
    response = api.delete(f"{URL}/telegram")
    assert (response.status_code, response.json()) == (200, {"deleted": True})
    assert sorted(InstanceChannel.objects.values_list("instance__slug", "channel_type")) == [
        ("my-assistant", "whatsapp"),
        ("other-assistant", "telegram"),
    ]
    assert api.get(f"{URL}/telegram").status_code == 404


def test_what_is_not_connected_cannot_be_disconnected(api: APIClient, connected: Instance) -> None:
    statuses = [
        api.delete(f"{URL}/{kind}").status_code for kind in ("telegram", "telegram", "slack")
    ]
    assert statuses == [200, 404, 404]
    entries = AuditEntry.objects.filter(action=Action.CHANNEL_DISCONNECTED)
    assert [entry.names for entry in entries] == [["telegram"]]


def test_an_unknown_type_is_not_found_and_the_valid_ones_are_listed(
    api: APIClient, connected: Instance
) -> None:
    response = api.delete(f"{URL}/discord")
    assert response.status_code == 404
    assert all(kind in response.json()["message"] for kind in ("telegram", "slack", "whatsapp"))


def test_a_channel_under_another_key_can_be_disconnected(
    api: APIClient, connected: Instance, settings: Any
) -> None:
    settings.ENCRYPTION_KEY = "2e" * 32
    assert api.delete(f"{URL}/telegram").status_code == 200


def test_an_altered_channel_can_be_disconnected(api: APIClient, connected: Instance) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE instance_channels SET credentials = %s WHERE channel_type = 'telegram'",
            ["v1.0123456789abcdef." + "A" * 38],
        )
    assert api.put(f"{URL}/telegram", {"config": {}}).status_code == 409
    assert api.delete(f"{URL}/telegram").status_code == 200


def test_a_channel_that_is_connected_anew_has_nothing_of_the_old_one(
    api: APIClient, connected: Instance
) -> None:
    api.delete(f"{URL}/telegram")
    channel = api.put(f"{URL}/telegram", {"config": {}}).json()["channel"]
    assert channel["config"] == {}
    assert channel["credentials"] == [{"key": "botToken", "configured": False}]


def test_a_viewer_disconnects_nothing(
    client_of: Callable[..., APIClient], viewer: User, connected: Instance
) -> None:
    client = client_of(viewer)
    for kind in ("telegram", "slack", "discord"):
        assert client.delete(f"{URL}/{kind}").status_code == 403, kind
        assert InstanceChannel.objects.count() == 2, kind
