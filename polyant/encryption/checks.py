"""System checks: the keys in the settings, and the declaration of each encrypted field."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, models

from polyant.encryption.conf import get_keyring
from polyant.encryption.constraints import CiphertextConstraint
from polyant.encryption.exceptions import InvalidEncryptionKey

if TYPE_CHECKING:
    from polyant.encryption.fields import EncryptedField

# A command that needs the keys and shows no page runs this check alone: the others would load every
# page of the project.
TAG = "encryption"

_BINDABLE = (
    models.CharField,
    models.TextField,
    models.UUIDField,
    models.IntegerField,
    models.BooleanField,
)
# SET, SET_DEFAULT and SET_NULL would change the column without sealing the bound value again.
_HARMLESS_DELETIONS = {None, models.CASCADE, models.PROTECT, models.RESTRICT, models.DO_NOTHING}


def check_encryption_keys(**_: Any) -> list[checks.CheckMessage]:
    """E001: the configured keys parse, by the same parser that reads them at run time."""
    try:
        get_keyring()
    except InvalidEncryptionKey as error:
        return [checks.Error(str(error), id="encryption.E001")]
    return []


def check_stored_keys(
    databases: Sequence[str] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """W002, W003, database checks: rows whose key is not configured, or that name none."""
    from polyant.encryption import inventory  # needs the models

    try:
        stored = inventory.rows_per_key() if databases else {}
        unknown = inventory.unknown_keys(stored)
    except (InvalidEncryptionKey, DatabaseError):
        return []  # E001 reports the key; before the first migration there are no tables
    warnings: list[checks.CheckMessage] = [
        checks.Warning(
            f"{rows} row{' needs' if rows == 1 else 's need'} encryption key {key_id}, which is"
            " not configured.",
            hint="Add it to ENCRYPTION_KEY_FALLBACKS; see manage.py check_encryption.",
            id="encryption.W002",
        )
        for key_id, rows in sorted(unknown.items())
    ]
    if damaged := inventory.total(stored)[inventory.MALFORMED]:
        told = f"{damaged} row{' holds' if damaged == 1 else 's hold'} no ciphertext"
        hint = "manage.py check_encryption names what has to be entered again."
        warnings.append(checks.Warning(f"{told} of ours.", hint=hint, id="encryption.W003"))
    return warnings


def check_encrypted_field(field: "EncryptedField") -> list[checks.CheckMessage]:
    """E101 to E105: what would make a column unreadable, searchable or unguarded."""
    return [checks.Error(message, obj=field, id=check_id) for check_id, message in _faults(field)]


def _faults(field: "EncryptedField") -> Iterator[tuple[str, str]]:
    constraints = field.model._meta.constraints
    if not field.bound_to or not all(_is_bindable(field, name) for name in field.bound_to):
        told = "text, whole-number, true-or-false, UUID or key columns"
        yield "encryption.E101", f"bound_to must name {told}, not null and without a collation."
    if field.unique or getattr(field, "db_index", False) or field.name in _indexed(field.model):
        yield "encryption.E102", "An encrypted field cannot be a key, unique or indexed."
    if field.has_default() or field.has_db_default() or field.choices:
        yield "encryption.E103", "A default or choices would put plaintext into the migrations."
    guards = [each for each in constraints if isinstance(each, CiphertextConstraint)]
    if field.name not in {guard.field for guard in guards}:
        yield "encryption.E104", "Meta.constraints lacks a CiphertextConstraint for this field."
    if not _is_guarded(field.model):
        yield "encryption.E105", "The model must be an EncryptedModel with EncryptedManagers."


def _is_bindable(field: "EncryptedField", name: str) -> bool:
    """True for a column whose value has one spelling, and which only a save changes.

    A Decimal is 1 when set and 1.00 when read; under a collation, "a" may equal "A".
    """
    try:
        column = field.model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    target = getattr(column, "target_field", column)
    return (
        isinstance(target, _BINDABLE)
        and not hasattr(target, "bound_to")
        and not column.null
        and not getattr(target, "db_collation", None)
        and getattr(column.remote_field, "on_delete", None) in _HARMLESS_DELETIONS
    )


def _is_guarded(model: type[models.Model]) -> bool:
    from polyant.encryption.models import EncryptedManager, EncryptedModel  # it imports the field

    managers = (model._default_manager, model._base_manager)
    guarded = all(isinstance(manager, EncryptedManager) for manager in managers)
    return issubclass(model, EncryptedModel) and guarded


def _indexed(model: type[models.Model]) -> set[str]:
    """Every column that an index or a uniqueness names, also inside an expression."""
    meta = model._meta
    groups = [
        *meta.indexes,
        *(c for c in meta.constraints if isinstance(c, models.UniqueConstraint)),
    ]
    names = {name for group in groups for name in (*group.fields, *group.include)}
    for group in groups:
        for expression in group.expressions:
            names |= {path[0] for path in model._get_expr_references(expression)}  # type: ignore[attr-defined]
    return names | {name for group in meta.unique_together for name in group}
