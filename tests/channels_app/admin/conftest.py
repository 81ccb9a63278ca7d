"""An editor's browser, and Telegram, connected."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import Instance
from tests.channels_app.admin.channels_tab import TOKEN


@pytest.fixture
def client(browse: Callable[[User], Client], editor: User) -> Client:
    return browse(editor)


@pytest.fixture
def telegram(instance: Instance, owner: User) -> InstanceChannel:
    config = {"botToken": TOKEN, "allowedUserIds": "42"}
    return InstanceChannel.objects.connect(instance, TELEGRAM, config, owner, enabled=True)
