"""InstanceSecret.objects.reveal: the one way back to a value, for consumers."""

from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from instances.models import Instance
from polyant.encryption.exceptions import TamperedCiphertext, UnknownEncryptionKey
from secrets_app.exceptions import MissingSecret
from secrets_app.models import InstanceSecret

URL = "/api/instances/my-assistant/secrets"


@pytest.fixture
def filled(api: APIClient, instance: Instance) -> Instance:
    entries = [{"key": "openai_api_key", "value": "sk-ключ\n"}, {"key": "custom", "value": "c"}]
    assert api.put(URL, {"secrets": entries}).status_code == 200
    return instance


def test_a_value_comes_back_as_it_was_sent(filled: Instance) -> None:
    assert InstanceSecret.objects.reveal(filled, "openai_api_key") == "sk-ключ\n"


def test_several_values_come_back_in_one_query(
    filled: Instance, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        values = InstanceSecret.objects.reveal_many(filled, ["custom", "openai_api_key"])
    assert values == {"custom": "c", "openai_api_key": "sk-ключ\n"}


def test_a_missing_secret_names_the_key_to_set(filled: Instance) -> None:
    with pytest.raises(MissingSecret, match="aws_region is not configured") as caught:
        InstanceSecret.objects.reveal_many(filled, ["custom", "aws_region"])
    assert caught.value.key == "aws_region"


def test_a_secret_of_another_instance_is_missing(
    filled: Instance, other_instance: Instance
) -> None:
    with pytest.raises(MissingSecret):
        InstanceSecret.objects.reveal(other_instance, "custom")


def test_a_row_under_another_key_names_the_key_it_needs(filled: Instance, settings: Any) -> None:
    settings.ENCRYPTION_KEY = "2e" * 32
    with pytest.raises(UnknownEncryptionKey, match="key=custom") as caught:
        InstanceSecret.objects.reveal(filled, "custom")
    assert caught.value.key_id in str(caught.value)


def test_a_value_that_was_copied_to_another_key_does_not_open(filled: Instance) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE instance_secrets SET value ="
            " (SELECT value FROM instance_secrets WHERE key = 'openai_api_key')"
            " WHERE key = 'custom'"
        )
    with pytest.raises(TamperedCiphertext):
        InstanceSecret.objects.reveal(filled, "custom")
    assert InstanceSecret.objects.reveal(filled, "openai_api_key") == "sk-ключ\n"
