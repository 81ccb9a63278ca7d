"""InstanceChannel.objects.reveal: what the adapter of a channel gets."""

from typing import Any

import pytest
from django.db import connection

from channels_app.catalog import SLACK, TELEGRAM, WHATSAPP
from channels_app.models import InstanceChannel
from instances.models import Instance
from polyant.encryption.exceptions import TamperedCiphertext, UnknownEncryptionKey
from polyant.exceptions import Missing


def test_all_members_come_back_credentials_included(connected: Instance) -> None:
    assert InstanceChannel.objects.reveal(connected, TELEGRAM) == {
        "botToken": "1:a",
        "allowedUserIds": "12",
    }


def test_a_channel_is_opened_in_one_query(
    connected: Instance, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert InstanceChannel.objects.reveal(connected, WHATSAPP)["authToken"] == "t"


def test_a_channel_that_is_not_connected_is_missing(
    connected: Instance, other_instance: Instance
) -> None:
    for instance, kind in ((connected, SLACK), (other_instance, TELEGRAM)):
        with pytest.raises(Missing, match=f"{kind.slug} is not connected"):
            InstanceChannel.objects.reveal(instance, kind)


def test_a_channel_under_another_key_names_the_key_it_needs(
    connected: Instance, settings: Any
) -> None:
    settings.ENCRYPTION_KEY = "2e" * 32
    with pytest.raises(UnknownEncryptionKey, match="channel_type=telegram") as caught:
        InstanceChannel.objects.reveal(connected, TELEGRAM)
    assert caught.value.key_id in str(caught.value)


def test_credentials_of_another_channel_do_not_open(connected: Instance) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE instance_channels SET credentials = (SELECT credentials FROM"
            " instance_channels WHERE channel_type = 'whatsapp') WHERE channel_type = 'telegram'"
        )
    with pytest.raises(TamperedCiphertext):
        InstanceChannel.objects.reveal(connected, TELEGRAM)
