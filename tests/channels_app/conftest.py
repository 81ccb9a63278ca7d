"""Channels of the cast's instance."""

import pytest
from django.contrib.auth.models import User

from channels_app.catalog import TELEGRAM, WHATSAPP
from channels_app.models import InstanceChannel
from instances.models import Instance


@pytest.fixture
def connected(editor: User, instance: Instance) -> Instance:
    """The instance with WhatsApp and Telegram, in this order."""
    whatsapp = {"accountSid": "AC1", "authToken": "t", "whatsappNumber": "+14155550100"}
    telegram = {"botToken": "1:a", "allowedUserIds": "12"}
    InstanceChannel.objects.connect(instance, WHATSAPP, whatsapp, editor)
    InstanceChannel.objects.connect(instance, TELEGRAM, telegram, editor)
    return instance


@pytest.fixture
def foreign(instance: Instance) -> InstanceChannel:
    """Matrix, which another version of this project stored."""
    return InstanceChannel.objects.create(
        instance=instance,
        channel_type="matrix",
        enabled=True,
        config={"room": "#a"},
        credentials={"accessToken": "MARKER"},
        credential_names=["accessToken"],
    )
