"""Channels of the cast's instance."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from instances.models import Instance

URL = "/api/instances/my-assistant/channels"
CONFIGS: dict[str, Any] = {
    "whatsapp": {"accountSid": "AC1", "authToken": "t", "whatsappNumber": "+14155550100"},
    "telegram": {"botToken": "1:a", "allowedUserIds": "12"},
}


@pytest.fixture
def connected(api: APIClient, instance: Instance) -> Instance:
    """The instance with WhatsApp and Telegram, in this order, set over REST."""
    for kind, config in CONFIGS.items():
        assert api.put(f"{URL}/{kind}", {"config": config}).status_code == 200
    return instance
