"""Reading and writing: plaintext goes in by assignment, ciphertext is what the column holds."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.migrations.writer import MigrationWriter
from django.db.models import Value

from channels_app.models import InstanceChannel
from instances.models import Instance
from polyant.encryption.ciphertext import Ciphertext
from polyant.encryption.fields import EncryptedTextField
from polyant.encryption.sealed import Sealed
from secrets_app.models import InstanceSecret

pytestmark = pytest.mark.django_db

Rows = Callable[[str], list[dict[str, Any]]]


def test_the_column_holds_ciphertext(
    secret: InstanceSecret, plaintext: str, raw_rows: Rows
) -> None:
    [row] = raw_rows("instance_secrets")
    assert Ciphertext.parse(row["value"]).sealed
    assert not any(plaintext in str(column) for column in row.values())


def test_a_loaded_row_opens(secret: InstanceSecret, plaintext: str) -> None:
    assert InstanceSecret.objects.get().value.reveal() == plaintext


@pytest.mark.parametrize(
    "text", ["", " \t\n", "a\0b", "é e\u0301", "👩‍👩‍👧", "\uffff\U0010ffff", "x" * 49_152]
)
def test_text_comes_back_byte_for_byte(secret: InstanceSecret, text: str) -> None:
    secret.value = text
    secret.save()
    assert InstanceSecret.objects.get().value.reveal() == text


@pytest.mark.parametrize("value", [{}, {"botToken": "ключ", "n": [1, 2.5, None, True]}, [], "x", 0])
def test_json_comes_back_as_it_was(instance: Instance, value: Any, raw_rows: Rows) -> None:
    InstanceChannel.objects.create(instance=instance, channel_type="slack", credentials=value)
    assert InstanceChannel.objects.get().credentials.reveal() == value
    assert raw_rows("instance_channels")[0]["credentials"].startswith("v1.")


def test_a_row_without_a_value_is_refused(instance: Instance, raw_rows: Rows) -> None:
    for create, names in (
        (InstanceSecret.objects.create, {"key": "no_value"}),
        (InstanceChannel.objects.create, {"channel_type": "slack"}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            create(instance=instance, **names)
    assert raw_rows("instance_secrets") == raw_rows("instance_channels") == []


def test_saving_an_untouched_row_keeps_its_ciphertext(
    secret: InstanceSecret, raw_rows: Rows
) -> None:
    [before] = raw_rows("instance_secrets")
    row = InstanceSecret.objects.get()
    row.version = 7
    row.save()
    [after] = raw_rows("instance_secrets")
    assert (after["version"], after["value"]) == (7, before["value"])


def test_assigning_the_same_text_seals_it_anew(
    secret: InstanceSecret, plaintext: str, raw_rows: Rows
) -> None:
    [before] = raw_rows("instance_secrets")
    secret.value = plaintext
    secret.save()
    assert raw_rows("instance_secrets")[0]["value"] != before["value"]


def test_reading_and_deleting_need_no_key(secret: InstanceSecret, settings: Any) -> None:
    settings.ENCRYPTION_KEY = ""
    row = InstanceSecret.objects.get()
    assert isinstance(row.value, Sealed)
    assert row.delete()[0] == 1


@pytest.mark.parametrize("kind", ["json", "jsonl", "xml"])
def test_dumpdata_decrypts_nothing(
    secret: InstanceSecret, plaintext: str, raw_rows: Rows, settings: Any, kind: str
) -> None:
    settings.ENCRYPTION_KEY = ""
    out = StringIO()
    call_command("dumpdata", "secrets_app", format=kind, stdout=out)
    assert raw_rows("instance_secrets")[0]["value"] in out.getvalue()
    assert plaintext not in out.getvalue()


@pytest.mark.parametrize("value", [1, 1.5, b"bytes", ["list"], {"a": 1}, object()])
def test_what_is_not_text_is_refused_where_it_is_assigned(value: object) -> None:
    with pytest.raises(TypeError, match="takes text"):
        InstanceSecret(value=value)


def test_a_lone_surrogate_is_refused_where_it_is_assigned() -> None:
    with pytest.raises(ValueError, match="valid Unicode"):
        InstanceSecret(value="a\ud800b")


def test_what_is_not_json_is_refused_where_it_is_assigned() -> None:
    with pytest.raises(TypeError):
        InstanceChannel(credentials={"botToken": b"bytes"})


@pytest.mark.parametrize("lookup", ["exact", "in", "contains", "startswith", "gt", "regex"])
def test_a_value_is_not_searched_for(secret: InstanceSecret, lookup: str) -> None:
    with pytest.raises(FieldError):
        InstanceSecret.objects.filter(**{f"value__{lookup}": "x"}).exists()


def test_a_value_is_asked_only_whether_it_is_there(secret: InstanceSecret) -> None:
    assert InstanceSecret.objects.filter(value__isnull=False).exists()
    assert not InstanceSecret.objects.filter(value__isnull=True).exists()


def test_a_value_read_without_its_row_is_masked_and_does_not_open(secret: InstanceSecret) -> None:
    [value] = InstanceSecret.objects.values_list("value", flat=True)
    with pytest.raises(TypeError, match="load the row"):
        value.reveal()


def test_plaintext_in_an_expression_is_refused(secret: InstanceSecret, plaintext: str) -> None:
    field = InstanceSecret._meta.get_field("value")
    rows = InstanceSecret.objects.annotate(copy=Value(plaintext, output_field=field))
    with pytest.raises(TypeError, match=r"only through save\(\)"):
        rows.get()


def test_a_migration_holds_the_binding_and_no_key(settings: Any) -> None:
    field = EncryptedTextField(bound_to=("instance_id", "key"))
    text, _ = MigrationWriter.serialize(field)
    assert "bound_to=('instance_id', 'key')" in text
    assert settings.ENCRYPTION_KEY not in text
    assert not field.editable
