"""InstanceChannel.objects.replace: the way out of a channel that does not open."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from channels_app.catalog import SLACK, TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import AuditEntry, Instance
from polyant.encryption.exceptions import UnknownEncryptionKey
from polyant.exceptions import Invalid, Missing

OTHER_KEY = "2e" * 32


@pytest.fixture
def unreadable(instance: Instance, editor: User, settings: Any) -> str:
    """Telegram, sealed with a key that is not here any more; the id of that key."""
    InstanceChannel.objects.connect(
        instance, TELEGRAM, {"botToken": "1:old", "allowedUserIds": "7"}, editor, enabled=True
    )
    key_id = str(InstanceChannel.objects.get().credentials.key_id)  # type: ignore[attr-defined]
    settings.ENCRYPTION_KEY = OTHER_KEY
    return key_id


def test_a_channel_that_does_not_open_is_replaced_whole(
    instance: Instance, editor: User, unreadable: str
) -> None:
    with pytest.raises(UnknownEncryptionKey):
        InstanceChannel.objects.connect(instance, TELEGRAM, {"botToken": "1:new"}, editor)
    InstanceChannel.objects.replace(instance, TELEGRAM, {"botToken": "1:new"}, editor)
    assert InstanceChannel.objects.reveal(instance, TELEGRAM) == {"botToken": "1:new"}
    assert not InstanceChannel.objects.get().enabled
    actions = [entry.action for entry in AuditEntry.objects.listing(instance, limit=2)]
    assert actions == ["channel.connected", "channel.disconnected"]


def test_what_is_refused_leaves_the_old_row(
    instance: Instance,
    editor: User,
    unreadable: str,
    raw_rows: Callable[[str], list[dict[str, Any]]],
) -> None:
    before = raw_rows("instance_channels")
    with pytest.raises(Invalid):
        InstanceChannel.objects.replace(instance, TELEGRAM, {"botToken": "with space"}, editor)
    with pytest.raises(Invalid):
        InstanceChannel.objects.replace(instance, TELEGRAM, {}, editor, enabled=True)
    assert raw_rows("instance_channels") == before


def test_nothing_is_replaced_by_nothing_there(instance: Instance, editor: User) -> None:
    with pytest.raises(Missing):
        InstanceChannel.objects.replace(instance, SLACK, {"botToken": "xoxb-1"}, editor)
    assert not InstanceChannel.objects.exists()
