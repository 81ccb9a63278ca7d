"""The base of a model with encrypted fields: a value and what it is bound to go together.

A ciphertext opens only beside the bound columns that it was sealed with. So whatever writes one of
the group (the value and its bound columns) writes all of it, and what cannot is refused. Only raw
SQL and Django's internal calls get past this, and they leave an error about a row, never a wrong
value.
"""

from collections.abc import Collection, Iterable
from typing import Any, Self, TypeVar

from django.db import models

from polyant.encryption.exceptions import BoundColumnChanged
from polyant.encryption.fields import EncryptedField
from polyant.encryption.sealed import Place, UnsavedValue

M = TypeVar("M", bound=models.Model)


def encrypted_fields(model: type[models.Model]) -> list[EncryptedField]:
    """The encrypted fields of a model, found by type."""
    return [field for field in model._meta.concrete_fields if isinstance(field, EncryptedField)]


class EncryptedQuerySet(models.QuerySet[M]):
    """Refuses the writes that would part a value from its bound columns."""

    def update(self, **kwargs: Any) -> int:
        """As Django's, but for columns that are encrypted or that a ciphertext is bound to.

        Raises:
            BoundColumnChanged: one of them is named. ``bulk_update`` comes through here too.
        """
        for field in encrypted_fields(self.model):
            if touched := field.group & kwargs.keys():
                raise BoundColumnChanged(f"update() cannot set {', '.join(sorted(touched))}")
        return super().update(**kwargs)

    def bulk_create(
        self,
        objs: Iterable[M],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[M]:
        """As Django's; an upsert must write a value together with what it is bound to.

        Raises:
            BoundColumnChanged: ``update_fields`` and ``unique_fields`` would part them.
        """
        if update_conflicts:
            self._check_upsert({*(update_fields or ())}, {*(unique_fields or ())})
        return super().bulk_create(
            objs, batch_size, ignore_conflicts, update_conflicts, update_fields, unique_fields
        )

    def _check_upsert(self, updated: set[str], matched: set[str]) -> None:
        for field in encrypted_fields(self.model):
            columns = [{column.name, column.attname} for column in field.bound_columns]
            changed = any(names & updated for names in columns)
            known = all(names & (updated | matched) for names in columns)
            written = field.name in updated
            if (changed and not written) or (written and not known):
                raise BoundColumnChanged(f"upsert must write {field.name} with its bound columns")


class EncryptedManager(models.Manager[M]):
    """The base of a manager of a model with encrypted fields."""

    def get_queryset(self) -> EncryptedQuerySet[M]:
        return EncryptedQuerySet(self.model, using=self._db)


class EncryptedModel(models.Model):
    """Loads and saves a value and its bound columns as one."""

    objects: EncryptedManager[Any] = EncryptedManager()

    class Meta:
        abstract = True
        # Related managers write through the base manager: `instance.secrets.add(row)`.
        base_manager_name = "objects"

    @property
    def named_parts(self) -> list[str]:
        """Names of what a row consists of, where that is more than one value; for reports."""
        return []

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        row = super().from_db(*args, **kwargs)
        row._bind()
        return row

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Self] | None = None,
    ) -> None:
        """As Django's; a value is only refreshed together with its bound columns, and they with it.

        Deferred fields are loaded through here too.
        """
        asked = None if fields is None else {*fields}
        groups = self._touched(asked or ())
        wanted = None if asked is None else [*asked.union(*map(self._beside, groups))]
        super().refresh_from_db(using, wanted, from_queryset)
        if wanted is None or groups:
            self._bind()

    def save(self, **kwargs: Any) -> None:
        """As Django's; a value is only written together with its bound columns, and they with it.

        Raises:
            BoundColumnChanged: a bound column changed and the value was not assigned anew.
        """
        names = kwargs["update_fields"] = self._whole_groups(kwargs.get("update_fields"))
        for field in encrypted_fields(type(self)):
            # Before Django opens the transaction, which an error inside would break.
            if names is None or field.name in names:
                field.check_unmoved(self)
        super().save(**kwargs)
        self._bind()

    def _bind(self) -> None:
        """Fix the place of each value, loaded or deferred, from the columns as they are stored."""
        deferred = self.get_deferred_fields()
        self._places: dict[str, Place] = {}
        for field in encrypted_fields(type(self)):
            if deferred.isdisjoint(field.bound_to):
                place = self._places[field.attname] = field.place(self)
                field.bind(self, place)

    def _whole_groups(self, update_fields: Collection[str] | None) -> set[str] | None:
        deferred = self.get_deferred_fields()
        if update_fields is None and not deferred:
            return None
        names = {*(self._loaded(deferred) if update_fields is None else update_fields)}
        for field in self._touched(names):
            if field.attname not in deferred:
                names |= field.group & _names(type(self))
            elif update_fields is None and self._places.get(field.attname) == field.place(self):
                names -= field.group
            else:
                raise BoundColumnChanged(f"{field} must be loaded to save what it is bound to")
        return names

    def _beside(self, field: EncryptedField) -> set[str]:
        """What to load with a member: its whole group or, if the value was assigned, the rest."""
        names = {each.attname for each in (field, *field.bound_columns)}
        is_assigned = isinstance(self.__dict__.get(field.attname), UnsavedValue)
        return names & self.get_deferred_fields() if is_assigned else names

    def _touched(self, names: Collection[str]) -> list[EncryptedField]:
        return [field for field in encrypted_fields(type(self)) if field.group & {*names}]

    def _loaded(self, deferred: set[str]) -> set[str]:
        """The fields that Django writes of a row that was loaded without ``deferred``."""
        fields = (field for field in self._meta.concrete_fields if not field.primary_key)
        return {field.name for field in fields if field.attname not in deferred}


def _names(model: type[models.Model]) -> set[str]:
    """Field names as ``update_fields`` takes them: ``instance``, not ``instance_id``."""
    return {field.name for field in model._meta.concrete_fields}
