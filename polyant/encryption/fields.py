"""Model fields whose column holds ciphertext and whose attribute is a ``Sealed``.

::

    class InstanceSecret(EncryptedModel):
        instance = models.ForeignKey(Instance, on_delete=models.CASCADE)
        key = models.CharField(max_length=64)
        value = EncryptedTextField(bound_to=("instance_id", "key"))

Assigning takes plaintext; saving seals it in ``pre_save``, the one place where the row that it is
bound to is known. Reading gives a ``Sealed`` and decrypts nothing. Every other way in, such as
``update()`` or a fixture, is a ``TypeError``.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.core import checks
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import IsNull
from django.db.models.query_utils import DeferredAttribute

from polyant.encryption.checks import check_encrypted_field
from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import BoundColumnChanged
from polyant.encryption.sealed import Place, Sealed, StoredValue, UnsavedValue

if TYPE_CHECKING:
    # django-stubs makes fields generic over what is assigned and what is read.
    TextField = models.TextField[Any, Sealed[Any]]
else:
    TextField = models.TextField


class SealedAttribute(DeferredAttribute):
    """Wraps what is assigned; reloads what was read without its bound columns, with them."""

    field: "EncryptedField"

    def __get__(self, row: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        value = super().__get__(row, cls)
        if row is not None and isinstance(value, StoredValue) and value.place is None:
            row.refresh_from_db(fields=[self.field.attname])
            value = row.__dict__[self.field.attname]
        return value

    def __set__(self, row: models.Model, value: Any) -> None:
        # While a row is being loaded, its values come without a place, and `from_db` binds them.
        if isinstance(value, StoredValue) and value.place is None and not row._state.adding:
            raise TypeError("a value read without its row cannot be given to another")
        row.__dict__[self.field.attname] = self.field.wrap(value)


class EncryptedField(TextField):
    """What the encrypted fields share; not for use in a model.

    ``bound_to`` names the columns that say which row this is. Their values are authenticated with
    the ciphertext, so they must be set when the row is saved and stay as they are.
    """

    if TYPE_CHECKING:
        _pyi_private_set_type: Any

    descriptor_class = SealedAttribute
    # A row without a value is refused; Django would default to "" and seal that as a value.
    empty_strings_allowed = False
    empty_values: list[Any] = []  # a Sealed cannot be compared, not even with ""  # noqa: RUF012

    def __init__(self, *args: Any, bound_to: Sequence[str] = (), **kwargs: Any) -> None:
        self.bound_to = tuple(bound_to)
        # A ModelForm would show the mask in an input, and save it.
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "bound_to": self.bound_to}

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *check_encrypted_field(self)]

    def dumps(self, value: Any) -> str:
        """The text to seal for a value; TypeError or ValueError if it cannot be stored."""
        raise NotImplementedError

    def loads(self, text: str) -> Any:
        """The value from which ``dumps`` made ``text``."""
        raise NotImplementedError

    def wrap(self, value: Any) -> Sealed[Any] | None:
        """What the attribute holds after an assignment."""
        if value is None or isinstance(value, Sealed):
            return value
        self.dumps(value)  # refuse here, where the traceback shows who assigned it
        return UnsavedValue(value)

    @property
    def bound_columns(self) -> list["models.Field[Any, Any]"]:
        """The model's fields that ``bound_to`` names."""
        columns = [self.model._meta.get_field(name) for name in self.bound_to]
        return [column for column in columns if isinstance(column, models.Field)]

    @property
    def group(self) -> set[str]:
        """The field and its bound columns, under every name: ``instance`` and ``instance_id``."""
        names = ((each.name, each.attname) for each in self.bound_columns)
        return {self.name, *(name for pair in names for name in pair)}

    def bind(self, row: models.Model, place: Place) -> None:
        """Tell a value that was loaded with ``row`` where it belongs."""
        value = row.__dict__.get(self.attname)
        if isinstance(value, StoredValue) and value.place is None:
            row.__dict__[self.attname] = value.at(place)

    def place(self, row: models.Model) -> Place:
        """Table, column and bound values of ``row``, as they are in memory."""
        bound = tuple((column.attname, _text(column, row)) for column in self.bound_columns)
        return Place(self.model._meta.db_table, self.column or self.name, bound)

    def check_unmoved(self, row: models.Model) -> None:
        """Raises BoundColumnChanged if the bound columns of a loaded value have changed since."""
        value = row.__dict__.get(self.attname)
        if isinstance(value, StoredValue) and value.place != self.place(row):
            raise BoundColumnChanged(f"{value.place} is bound to its row; assign the value anew")

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Seal what was assigned; hand back untouched what was loaded, byte for byte."""
        value = getattr(model_instance, self.attname)
        if isinstance(value, UnsavedValue):
            place = self.place(model_instance)
            text = get_keyring().seal(self.dumps(value.reveal()), place.associated_data)
            value = StoredValue(text, loads=self.loads, place=place)
            setattr(model_instance, self.attname, value)
        else:
            self.check_unmoved(model_instance)
        return value

    def get_prep_value(self, value: Any) -> str | None:
        """The stored text of a sealed value; plaintext that comes this way is refused, unsealed."""
        if value is None:
            return None
        if isinstance(value, StoredValue):
            return value.text
        raise TypeError(f"{self} takes a value only through save(), create() or bulk_create()")

    def from_db_value(
        self, value: str | None, expression: Any, connection: BaseDatabaseWrapper
    ) -> Sealed[Any] | None:
        return None if value is None else StoredValue(value, loads=self.loads)

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        """The stored text, so that ``dumpdata`` decrypts nothing."""
        return self.get_prep_value(self.value_from_object(obj)) or ""

    def get_lookup(self, lookup_name: str) -> type[IsNull] | None:
        # Ciphertexts of one plaintext differ, so any other lookup would silently find nothing.
        return IsNull if lookup_name == "isnull" else None


class EncryptedTextField(EncryptedField):
    """Text, sealed. The attribute is a ``Sealed[str]``."""

    description = "Text, encrypted at rest"

    def dumps(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError(f"{self} takes text")
        if not _is_unicode(value):
            raise ValueError(f"{self} takes valid Unicode text")
        return value

    def loads(self, text: str) -> str:
        return text


class EncryptedJSONField(EncryptedField):
    """Any JSON value, sealed as a whole. The attribute is a ``Sealed`` of what was assigned."""

    description = "JSON, encrypted at rest"

    def dumps(self, value: Any) -> str:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)

    def loads(self, text: str) -> Any:
        return json.loads(text)


def _text(column: "models.Field[Any, Any]", row: models.Model) -> str:
    """A bound value as it is authenticated; the same before the row is saved and after."""
    value = getattr(row, column.attname)
    if value is None or hasattr(value, "resolve_expression"):
        raise BoundColumnChanged(f"{column} must be set to a plain value before sealing")
    value = column.to_python(value)
    # `str()` of an enumeration's member may give its name; the column holds its text.
    return str.__str__(value) if isinstance(value, str) else str(value)


def _is_unicode(text: str) -> bool:
    """False for an unpaired surrogate. Python's own error for it would quote the character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
