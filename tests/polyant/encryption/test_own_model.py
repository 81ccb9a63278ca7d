"""A model of somebody's own, as the README has it, with whatever columns it likes: all is found."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from pytest_django.fixtures import Settings

from instances.models import Instance
from polyant.encryption.conf import get_keyring
from polyant.encryption.constraints import CiphertextConstraint
from polyant.encryption.fields import EncryptedTextField
from polyant.encryption.inventory import rows_per_key, take_inventory
from polyant.encryption.models import EncryptedManager, EncryptedModel
from polyant.encryption.reports import rotation_as_text
from polyant.encryption.rotation import rotate
from polyant.encryption.stored import count_rows

TABLE = "secrets_app_webhook"
OLD, NEW = "1f" * 32, "2e" * 32


@pytest.fixture
def webhook(transactional_db: None, instance: Instance) -> Iterator[Any]:
    """The model with two encrypted columns, in the registry and in the database."""
    fields = ("secret", "password")
    guards = [
        CiphertextConstraint(field=each, name=f"webhook_{each}_is_ciphertext") for each in fields
    ]
    nullable: Any = {"null": True}
    columns = {
        "instance": models.ForeignKey(Instance, models.CASCADE, related_name="+"),
        "address": models.CharField(max_length=64),
        "text": models.CharField(max_length=64),
        "secret": EncryptedTextField(bound_to=("instance_id", "address")),
        "password": EncryptedTextField(bound_to=("instance_id", "address"), **nullable),
        "objects": EncryptedManager[Any](),
        "Meta": type("Meta", (), {"app_label": "secrets_app", "constraints": guards}),
    }
    model: Any = type("Webhook", (EncryptedModel,), {"__module__": __name__, **columns})
    proxy = {"proxy": True, "app_label": "secrets_app"}
    type("Proxied", (model,), {"__module__": __name__, "Meta": type("Meta", (), proxy)})
    with connection.schema_editor() as editor:
        editor.create_model(model)
    try:
        yield model.objects.create(instance=instance, address="a", secret="one", password="two")
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(model)
        for name in ("webhook", "proxied"):
            del apps.all_models["secrets_app"][name]
        apps.clear_cache()


def test_it_passes_its_checks(webhook: Any) -> None:
    assert [each.id for each in webhook.check() if "encryption" in str(each.id)] == []


def test_both_columns_are_counted_once(webhook: Any) -> None:
    primary = get_keyring().primary.key_id
    assert count_rows()[TABLE] == 2
    assert rows_per_key()[TABLE] == take_inventory().readable[TABLE] == {primary: 2}


def test_both_columns_are_rotated(webhook: Any, settings: Settings) -> None:
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = NEW, [OLD]
    assert rotate().rotated[TABLE] == 2
    settings.ENCRYPTION_KEY_FALLBACKS = []
    webhook.refresh_from_db()
    assert (webhook.secret.reveal(), webhook.password.reveal()) == ("one", "two")


def test_a_key_that_one_column_needs_is_not_to_be_removed(webhook: Any, settings: Settings) -> None:
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = NEW, [OLD]
    report = rotate()
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = OLD, [NEW]
    webhook.secret = "written by a process that has the old key first"
    webhook.save(update_fields=["secret"])
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = NEW, [OLD]
    old = get_keyring().key_ids[1]
    assert f"fallback {old}: still needed" in rotation_as_text(report)


def test_a_value_may_be_null_where_the_column_says_so(webhook: Any) -> None:
    webhook.password = None
    webhook.save()
    assert count_rows()[TABLE] == 1
    assert not take_inventory().unreadable
