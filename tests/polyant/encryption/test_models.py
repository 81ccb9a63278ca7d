"""Bound columns: saving a row never leaves it unreadable."""

from collections.abc import Callable
from typing import Any

import pytest

from instances.models import Instance
from polyant.encryption.exceptions import BoundColumnChanged, EncryptionError
from polyant.encryption.models import encrypted_fields
from secrets_app.models import InstanceSecret, InstanceSkillEnv

pytestmark = pytest.mark.django_db

secrets = InstanceSecret.objects


def test_a_bound_column_does_not_change_under_a_stored_value(secret: InstanceSecret) -> None:
    row = secrets.get()
    row.key = "another"
    with pytest.raises(BoundColumnChanged, match="assign the value anew"):
        row.save()


def test_the_row_that_was_just_created_is_held_to_the_same(secret: InstanceSecret) -> None:
    secret.key = "another"
    with pytest.raises(BoundColumnChanged):
        secret.save()


def test_a_bound_column_is_not_saved_without_the_value(secret: InstanceSecret) -> None:
    row = secrets.get()
    row.key = "another"
    with pytest.raises(BoundColumnChanged):
        row.save(update_fields=["key"])


def test_a_bound_column_changes_together_with_the_value(secret: InstanceSecret) -> None:
    row = secrets.get()
    row.key, row.value = "another", "sk-2"
    row.save()
    assert secrets.get(key="another").value.reveal() == "sk-2"


def test_a_row_does_not_move_to_another_instance(
    secret: InstanceSecret, other_instance: Instance
) -> None:
    row = secrets.get()
    row.instance = other_instance
    with pytest.raises(BoundColumnChanged, match=str(secret.instance_id)):
        row.save()


def test_a_refused_row_opens_as_before(secret: InstanceSecret, plaintext: str) -> None:
    row = secrets.get()
    row.key = "another"
    with pytest.raises(BoundColumnChanged):
        row.save()
    assert secrets.get(key="openai_api_key").value.reveal() == plaintext


def test_a_stored_value_is_not_saved_in_another_row(secret: InstanceSecret) -> None:
    with pytest.raises(BoundColumnChanged):
        secrets.create(instance=secret.instance, key="copy", value=secrets.get().value)


def test_a_value_is_not_sealed_before_its_row_is_known() -> None:
    with pytest.raises(BoundColumnChanged, match="must be set"):
        InstanceSecret(key="key", value="sk-1").save()


def test_refreshing_reads_the_value_that_is_stored_now(secret: InstanceSecret) -> None:
    row = secrets.get()
    secret.value = "sk-2"
    secret.save()
    row.value = "never saved"
    row.refresh_from_db()
    assert row.value.reveal() == "sk-2"


def test_refreshing_follows_a_row_that_got_another_key(secret: InstanceSecret) -> None:
    row = secrets.get()
    secret.key, secret.value = "another", "sk-2"
    secret.save()
    row.refresh_from_db()
    row.save()
    assert secrets.get(key="another").value.reveal() == "sk-2"


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(lambda: secrets.defer("value"), id="without the value"),
        pytest.param(lambda: secrets.only("value"), id="without what it is bound to"),
        pytest.param(lambda: secrets.only("key"), id="with half of it"),
        pytest.param(lambda: secrets.raw("SELECT id FROM instance_secrets"), id="raw"),
    ],
)
def test_a_row_that_was_read_in_part_opens(
    secret: InstanceSecret, plaintext: str, rows: Callable[[], Any]
) -> None:
    [row] = rows()
    assert row.value.reveal() == plaintext


def test_a_value_is_assigned_to_a_row_that_was_read_in_part(secret: InstanceSecret) -> None:
    row = secrets.only("id").get()
    row.value = "sk-2"
    row.save()
    assert secrets.get().value.reveal() == "sk-2"


def test_a_row_without_its_value_follows_another_key_and_is_saved(secret: InstanceSecret) -> None:
    row = secrets.defer("value").get()
    secret.key, secret.value = "another", "sk-2"
    secret.save()
    row.refresh_from_db()
    row.version = 5
    row.save()
    stored = InstanceSecret.objects.get()
    assert (stored.key, stored.version, stored.value.reveal()) == ("another", 5, "sk-2")


def test_a_bound_column_has_one_text_however_it_is_written(instance: Instance) -> None:
    row = InstanceSecret(key="key", value="sk-1")
    row.instance_id = str(instance.id).upper()
    row.save()
    assert secrets.get().value.reveal() == "sk-1"


def test_encrypted_fields_are_found_by_type() -> None:
    assert [field.name for field in encrypted_fields(InstanceSkillEnv)] == ["value"]
    assert encrypted_fields(Instance) == []


def test_a_refusal_is_an_error_of_encryption_and_of_type() -> None:
    assert issubclass(BoundColumnChanged, EncryptionError)
    assert issubclass(BoundColumnChanged, TypeError)
