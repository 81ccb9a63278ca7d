"""Connecting, replacing, importing and disconnecting at one moment."""

from collections.abc import Callable
from typing import Any

from channels_app.catalog import SLACK, TELEGRAM
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


def test_of_two_replacements_at_once_the_second_replaces_the_first(
    together: Callable[..., list[Any]], instance: Instance
) -> None:
    channels.connect(instance, TELEGRAM, {"botToken": "1:old", "allowedUserIds": "7"}, None)
    configs = [{"botToken": "1:a"}, {"botToken": "1:b"}]
    calls = [lambda c=config: channels.replace(instance, TELEGRAM, c, None) for config in configs]
    together(*calls, behind=instance)
    assert channels.reveal(instance, TELEGRAM) in configs


def test_an_import_onto_a_channel_that_is_deleted_meanwhile_makes_it_anew(
    together: Callable[..., list[Any]], instance: Instance
) -> None:
    row = channels.connect(instance, TELEGRAM, {"botToken": "1:old"}, None)
    members = {"allowedUserIds": "7"}
    together(
        lambda: channels.configure(instance, TELEGRAM, members, None, enabled=True),
        behind=row,
        meanwhile=lambda: channels.disconnect(instance, "telegram", None),
    )
    assert channels.reveal(instance, TELEGRAM) == members
