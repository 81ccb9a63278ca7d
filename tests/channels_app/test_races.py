"""Connecting and disconnecting at one moment."""

from collections.abc import Callable
from typing import Any

from channels_app.catalog import SLACK
from channels_app.models import InstanceChannel
from instances.models import Instance

channels = InstanceChannel.objects


def test_a_deleted_credential_does_not_come_back(
    together: Callable[..., list[Any]], instance: Instance
) -> None:
    for _ in range(20):
        channels.connect(instance, SLACK, {"botToken": "xoxb-old"}, None)
        together(
            lambda: channels.connect(instance, SLACK, {"signingSecret": "new"}, None),
            lambda: channels.disconnect(instance, "slack", None),
        )
        if channels.exists():  # the deletion came first
            assert channels.reveal(instance, SLACK) == {"signingSecret": "new"}
            channels.disconnect(instance, "slack", None)
