"""The verbs on secrets: the one road in, for API, admin and commands."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, TypedDict

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from instances.audit import Action, AuditEntry
from instances.models import Instance
from polyant.encryption.models import EncryptedManager
from polyant.names import validate_is_a_name
from secrets_app.catalog import WELL_KNOWN_KEYS
from secrets_app.exceptions import MissingSecret
from secrets_app.prefixes import PREFIX, key_ids
from secrets_app.staleness import refuse_stale
from secrets_app.validators import validate_secret_key, validate_value

if TYPE_CHECKING:
    from secrets_app.models import InstanceSecret


class Listed(TypedDict):
    key: str
    configured: bool


class InstanceSecretManager(EncryptedManager["InstanceSecret"]):
    def listing(self, instance: Instance) -> list[Listed]:
        """Well-known keys in their order, then the custom ones that exist, sorted."""
        stored = set(self.filter(instance=instance).values_list("key", flat=True))
        keys = [*WELL_KNOWN_KEYS, *sorted(stored.difference(WELL_KNOWN_KEYS))]
        return [{"key": key, "configured": key in stored} for key in keys]

    def describe(self, instance: Instance, key: str) -> "InstanceSecret":
        """The row of a key without its value; for a well-known key that is not set, a new one.

        Raises:
            MissingSecret: a custom key that does not exist.
        """
        rows = self.defer("value").select_related("updated_by")
        row = rows.filter(instance=instance, key=key).first()
        if row is None and key not in WELL_KNOWN_KEYS:
            raise MissingSecret(key)
        return row or self.model(instance=instance, key=key)

    @transaction.atomic
    def set_many(self, instance: Instance, values: Mapping[str, str], by: User | None) -> None:
        """Create or replace the values of these keys: all of them, or none.

        Raises:
            Missing: the instance has been deleted.
            ValidationError: a key or a value that cannot be stored.
        """
        # Lock the instance before its rows, as a deletion does; otherwise the two could deadlock.
        Instance.objects.lock(instance)
        for key, value in values.items():
            validate_secret_key(key)
            validate_is_a_name(key)
            validate_value(value)
        # In key order, so that two batches with the same keys queue up instead of deadlocking.
        rows = [
            self.model(instance=instance, key=key, value=values[key], updated_by=by)
            for key in sorted(values)
        ]
        self.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["instance", "key"],
            update_fields=["value", "updated_at", "updated_by"],
        )
        # The upsert holds these rows, so the count is exact whoever else writes.
        self.filter(instance=instance, key__in=values).update(version=F("version") + 1)
        AuditEntry.objects.record(instance, Action.SECRETS_SET, values, by)

    @transaction.atomic
    def remove(self, instance: Instance, key: str, by: User | None) -> None:
        """Delete a row, at once and for every worker.

        Raises:
            MissingSecret: there is none.
        """
        deleted, _ = self.filter(instance=instance, key=key).delete()
        if not deleted:
            raise MissingSecret(key)
        AuditEntry.objects.record(instance, Action.SECRET_DELETED, [key], by)

    def rows_by_key(self, instance: Instance) -> dict[str, "InstanceSecret"]:
        """The rows that exist, by key, with who wrote them and without their values.

        ``prefix`` is how the stored text begins: it tells the key that opens it, and no more.
        """
        rows = self.filter(instance=instance).defer("value").select_related("updated_by")
        return {row.key: row for row in rows.annotate(prefix=PREFIX).order_by("key")}

    def key_ids(self, instance: Instance) -> dict[str, str]:
        """The id of the encryption key that each row needs, by the row's key. Opens nothing."""
        return {key: key_id for (key,), key_id in key_ids(self.filter(instance=instance), "key")}

    @transaction.atomic
    def apply(
        self,
        instance: Instance,
        values: Mapping[str, str],
        removals: Collection[str],
        by: User | None,
        *,
        seen: Mapping[str, str],
    ) -> None:
        """Set and remove what a person decided on while looking at ``seen``: all of it, or nothing.

        Raises:
            Missing: the instance has been deleted.
            ChangedMeanwhile: one of these keys is not as ``seen`` has it.
            ValidationError: a key or a value that cannot be stored.
        """
        # A key that is not set yet has no row to lock, so lock the instance.
        Instance.objects.lock(instance)
        refuse_stale(self.filter(instance=instance), {*values, *removals}, seen)
        if values:
            self.set_many(instance, values, by)
        for key in sorted(removals):
            self.remove(instance, key, by)

    def reveal(self, instance: Instance, key: str) -> str:
        """The plaintext, for a consumer that uses it now and keeps it nowhere.

        Raises:
            MissingSecret: it is not configured; names the key to set.
            DecryptionError: the row does not open; names the row and what it needs.
        """
        return self.reveal_many(instance, [key])[key]

    def reveal_many(self, instance: Instance, keys: Collection[str]) -> dict[str, str]:
        """The plaintexts of these keys, in one query.

        Raises:
            MissingSecret: the first that is not configured.
            DecryptionError: one that does not open.
        """
        rows = self.only("instance_id", "key", "value").filter(instance=instance, key__in=keys)
        sealed = {row.key: row.value for row in rows}
        for key in keys:
            if key not in sealed:
                raise MissingSecret(key)
        return {key: value.reveal() for key, value in sealed.items()}
