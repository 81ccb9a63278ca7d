"""System checks: a wrong key or a wrong declaration is found before a value is written."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import models
from django.db.models.functions import Lower, Upper
from django.test.utils import isolate_apps

from instances.models import Instance
from polyant.encryption.checks import check_encryption_keys
from polyant.encryption.constraints import CiphertextConstraint
from polyant.encryption.fields import EncryptedField, EncryptedTextField
from polyant.encryption.models import EncryptedManager, EncryptedModel

GUARD = CiphertextConstraint(field="value", name="value_is_ciphertext")
BOUND = ("name",)


@pytest.fixture(autouse=True)
def _isolated() -> Iterator[None]:
    with isolate_apps("secrets_app"):
        yield


def _faults(
    value: EncryptedField,
    base: type[models.Model] = EncryptedModel,
    manager: type[models.Manager[Any]] = EncryptedManager,
    **meta: Any,
) -> list[str | None]:
    """The ids of our checks for a model with this field and these options."""
    options = {"app_label": "secrets_app", "constraints": (GUARD,), **meta}
    columns = {
        "name": models.CharField(max_length=10),
        "note": models.CharField(max_length=10, null=True),
        "price": models.DecimalField(max_digits=5, decimal_places=2),
        "folded": models.CharField(max_length=10, db_collation="NOCASE"),
        "kept": models.ForeignKey(Instance, models.CASCADE, related_name="+"),
        "moved": models.ForeignKey(Instance, models.SET("x"), related_name="+"),
        "reset": models.ForeignKey(Instance, models.SET_DEFAULT, related_name="+", default="x"),
        "value": value,
        "objects": manager(),
    }
    options_class = type("Meta", (), options)
    members = {"__module__": __name__, "Meta": options_class, **columns}
    model: Any = type("Row", (base,), members)
    return [each.id for each in model.check() if "encryption" in str(each.id)]


@pytest.mark.parametrize("bound_to", [BOUND, ("name", "kept_id")])
def test_a_guarded_and_bound_field_passes(bound_to: tuple[str, ...]) -> None:
    assert _faults(EncryptedTextField(bound_to=bound_to)) == []


@pytest.mark.parametrize("key", ["", "short", "zz" * 32])
def test_e001_a_key_that_does_not_parse(settings: Any, key: str) -> None:
    settings.ENCRYPTION_KEY = key
    [error] = check_encryption_keys()
    assert error.id == "encryption.E001"
    assert error.msg.startswith("ENCRYPTION_KEY ")
    assert not key or key not in error.msg


def test_e001_a_fallback_that_repeats_the_key(settings: Any) -> None:
    settings.ENCRYPTION_KEY_FALLBACKS = [settings.ENCRYPTION_KEY]
    assert [error.id for error in check_encryption_keys()] == ["encryption.E001"]


def test_e001_is_registered(settings: Any) -> None:
    settings.ENCRYPTION_KEY = ""
    with pytest.raises(SystemCheckError, match=r"encryption\.E001"):
        call_command("check", tags=["encryption"])


def test_good_keys_pass(settings: Any) -> None:
    settings.ENCRYPTION_KEY_FALLBACKS = ["2e" * 32]
    assert check_encryption_keys() == []


@pytest.mark.parametrize(
    "bound_to",
    [
        pytest.param((), id="to nothing"),
        pytest.param(("missing",), id="to a column that is not there"),
        pytest.param(("name", "note"), id="to a column that may be null"),
        pytest.param(("name", "value"), id="to itself"),
        pytest.param(("price",), id="to a number that has several spellings"),
        pytest.param(("folded",), id="to a column with another equality"),
        pytest.param(("moved",), id="to a key that a deletion changes"),
        pytest.param(("reset",), id="to a key that a deletion resets"),
    ],
)
def test_e101_a_field_that_is_not_bound_to_its_row(bound_to: tuple[str, ...]) -> None:
    assert "encryption.E101" in _faults(EncryptedTextField(bound_to=bound_to))


@pytest.mark.parametrize("options", [{"unique": True}, {"db_index": True}, {"primary_key": True}])
def test_e102_a_field_that_is_a_key_or_indexed(options: dict[str, bool]) -> None:
    assert "encryption.E102" in _faults(EncryptedTextField(bound_to=BOUND, **options))


@pytest.mark.parametrize(
    "meta",
    [
        {"indexes": [models.Index(fields=["value"], name="index")]},
        {"unique_together": [("name", "value")]},
        {"indexes": [models.Index(fields=["name"], include=["value"], name="index")]},
        {"indexes": [models.Index(Upper("value"), name="index")]},
        {"constraints": (GUARD, models.UniqueConstraint(fields=["value"], name="unique"))},
        {"constraints": (GUARD, models.UniqueConstraint("name", Lower("value"), name="unique"))},
    ],
)
def test_e102_a_field_that_the_model_indexes(meta: dict[str, Any]) -> None:
    assert _faults(EncryptedTextField(bound_to=BOUND), **meta) == ["encryption.E102"]


@pytest.mark.parametrize(
    "options", [{"default": "sk-1"}, {"db_default": "sk-1"}, {"choices": [("a", "b")]}]
)
def test_e103_plaintext_in_the_declaration(options: dict[str, Any]) -> None:
    faults = _faults(EncryptedTextField(bound_to=BOUND, **options))
    assert faults == ["encryption.E103"]


def test_e104_a_column_without_its_constraint() -> None:
    faults = _faults(EncryptedTextField(bound_to=BOUND), constraints=())
    assert faults == ["encryption.E104"]


def test_e104_a_constraint_for_another_column() -> None:
    another = CiphertextConstraint(field="name", name="name_is_ciphertext")
    faults = _faults(EncryptedTextField(bound_to=BOUND), constraints=(another,))
    assert faults == ["encryption.E104"]


@pytest.mark.parametrize(
    ("base", "manager"),
    [
        (models.Model, models.Manager),
        (models.Model, EncryptedManager),
        (EncryptedModel, models.Manager),
    ],
)
def test_e105_a_model_that_guards_nothing(
    base: type[models.Model], manager: type[models.Manager[Any]]
) -> None:
    field = EncryptedTextField(bound_to=BOUND)
    faults = _faults(field, base, manager, base_manager_name="objects")
    assert faults == ["encryption.E105"]
