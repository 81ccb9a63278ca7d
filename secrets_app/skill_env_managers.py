"""The verbs on skill env: the one road in, for API, admin and commands."""

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.auth.models import User
from django.db import transaction

from instances.audit import Action, AuditEntry
from instances.models import Instance
from polyant.encryption.exceptions import DecryptionError
from polyant.encryption.models import EncryptedManager
from polyant.exceptions import Invalid, Missing
from polyant.names import is_a_name, validate_is_a_name
from secrets_app.exceptions import StaysSensitive
from secrets_app.prefixes import key_ids
from secrets_app.staleness import refuse_stale
from secrets_app.validators import validate_env_key, validate_value

if TYPE_CHECKING:
    from secrets_app.models import InstanceSkillEnv


class EnvEntry(NamedTuple):
    """A variable to set."""

    key: str
    value: str
    sensitive: bool = True


class InstanceSkillEnvManager(EncryptedManager["InstanceSkillEnv"]):
    def listing(self, instance: Instance, skill: str) -> list[dict[str, Any]]:
        """The entries of a skill by key, with the values of those that are not sensitive."""
        rows = self.filter(instance=instance, skill_slug=skill).order_by("key")
        return [_shown(row) for row in rows]

    def shown_by_skill(self, instance: Instance) -> dict[str, list[dict[str, Any]]]:
        """The listing of every skill that has entries, by skill, in one query."""
        rows = self.filter(instance=instance).order_by("skill_slug", "key")
        skills = groupby(rows, key=lambda row: row.skill_slug)
        return {skill: [_shown(row) for row in entries] for skill, entries in skills}

    def sensitivity(self, instance: Instance) -> dict[tuple[str, str], bool]:
        """Which entries there are, by skill and key, and whether each is sensitive."""
        rows = self.filter(instance=instance).values_list("skill_slug", "key", "sensitive")
        return {(skill, key): sensitive for skill, key, sensitive in rows}

    def key_ids(self, instance: Instance) -> dict[tuple[str, str], str]:
        """The id of the encryption key that each row needs, by skill and key. Opens nothing."""
        rows = self.filter(instance=instance)
        return {(skill, key): needed for (skill, key), needed in key_ids(rows, "skill_slug", "key")}

    @transaction.atomic
    def set_many(
        self, instance: Instance, skill: str, entries: Iterable[EnvEntry], by: User | None
    ) -> None:
        """Create or replace these entries: all of them, or none. Others are kept.

        Raises:
            Missing: the instance has been deleted.
            Invalid: the skill's name looks like a credential.
            ValidationError: a key or a value that cannot be stored.
            StaysSensitive: an entry would turn a stored sensitive one into a readable one.
        """
        Instance.objects.lock(instance)
        entries = list(entries)
        self._refuse_exposure(instance, skill, entries)
        self._store(instance, [self._row(instance, skill, each, by) for each in entries], by)

    @transaction.atomic
    def set_readable(
        self, instance: Instance, values: Mapping[tuple[str, str], str], by: User | None
    ) -> list[tuple[str, str]]:
        """Create or replace readable values, by skill and key, as an import has them.

        Returns the names of those that were written: what is already so is left alone.

        Raises:
            Missing: the instance has been deleted.
            Invalid: a skill's name looks like a credential.
            ValidationError: a key or a value that cannot be stored.
            StaysSensitive: one of them is stored as sensitive.
        """
        Instance.objects.lock(instance)
        stored = {(row.skill_slug, row.key): row for row in self.filter(instance=instance)}
        if any(stored[name].sensitive for name in values if name in stored):
            raise StaysSensitive
        new = [name for name, value in values.items() if not _is(stored.get(name), value)]
        entries = [
            (skill, EnvEntry(key, values[skill, key], sensitive=False)) for skill, key in new
        ]
        if entries:
            self._store(instance, [self._row(instance, *entry, by) for entry in entries], by)
        return new

    @transaction.atomic
    def remove(self, instance: Instance, skill: str, key: str, by: User | None) -> None:
        """Delete an entry, at once.

        Raises:
            Missing: there is none.
        """
        deleted, _ = self.filter(instance=instance, skill_slug=skill, key=key).delete()
        if not deleted:
            raise Missing("This skill has no such variable.")
        AuditEntry.objects.record(instance, Action.SKILL_ENV_DELETED, [f"{skill}/{key}"], by)

    def skills(self, instance: Instance) -> dict[str, list["InstanceSkillEnv"]]:
        """The variables of every skill that has some, without their values."""
        rows = self.filter(instance=instance).defer("value")
        skills = groupby(rows.order_by("skill_slug", "key"), key=lambda row: row.skill_slug)
        return {skill: list(entries) for skill, entries in skills}

    def rows_by_key(self, instance: Instance, skill: str) -> dict[str, "InstanceSkillEnv"]:
        """The rows of a skill, by key, with who wrote them and with their values, sealed."""
        rows = self.filter(instance=instance, skill_slug=skill).select_related("updated_by")
        return {row.key: row for row in rows.order_by("key")}

    @transaction.atomic
    def apply(
        self,
        instance: Instance,
        skill: str,
        entries: Collection[EnvEntry],
        removals: Collection[str],
        by: User | None,
        *,
        seen: Mapping[str, str],
    ) -> None:
        """Set and remove what a person decided on while looking at ``seen``: all of it, or nothing.

        Raises:
            Missing: the instance has been deleted.
            ChangedMeanwhile: one of these variables is not as ``seen`` has it.
            Invalid: the skill's name looks like a credential.
            ValidationError: a key or a value that cannot be stored.
            StaysSensitive: an entry would turn a stored sensitive one into a readable one.
        """
        Instance.objects.lock(instance)
        rows = self.filter(instance=instance, skill_slug=skill)
        refuse_stale(rows, {*(entry.key for entry in entries), *removals}, seen)
        if entries:
            self.set_many(instance, skill, entries, by)
        for key in sorted(removals):
            self.remove(instance, skill, key, by)

    def reveal(self, instance: Instance, skill: str) -> dict[str, str]:
        """The plaintexts of a skill's variables, for a consumer that uses them now.

        One that must name every row that does not open takes ``rows_by_key`` (``running``).

        Raises:
            DecryptionError: one of them does not open.
        """
        rows = self.filter(instance=instance, skill_slug=skill)
        return {row.key: row.value.reveal() for row in rows}

    def _store(
        self, instance: Instance, rows: Iterable["InstanceSkillEnv"], by: User | None
    ) -> None:
        # In one order, so that two batches with the same keys queue up instead of deadlocking.
        rows = sorted(rows, key=lambda row: (row.skill_slug, row.key))
        self.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["instance", "skill_slug", "key"],
            update_fields=["value", "sensitive", "updated_at", "updated_by"],
        )
        names = [f"{row.skill_slug}/{row.key}" for row in rows]
        AuditEntry.objects.record(instance, Action.SKILL_ENV_SET, names, by)

    def _row(
        self, instance: Instance, skill: str, entry: EnvEntry, by: User | None
    ) -> "InstanceSkillEnv":
        validate_env_key(entry.key)
        validate_is_a_name(entry.key)
        if not is_a_name(skill):
            raise Invalid("This looks like a credential, not like the name of a skill.")
        validate_value(entry.value)
        return self.model(instance=instance, skill_slug=skill, updated_by=by, **entry._asdict())

    def _refuse_exposure(
        self, instance: Instance, skill: str, entries: Collection[EnvEntry]
    ) -> None:
        readable = {
            entry.key: number for number, entry in enumerate(entries) if not entry.sensitive
        }
        stored = self.filter(instance=instance, skill_slug=skill, key__in=readable, sensitive=True)
        if exposed := stored.values_list("key", flat=True).order_by("key").first():
            raise StaysSensitive(f"env.{readable[exposed]}: ")


def _is(row: "InstanceSkillEnv | None", value: str) -> bool:
    """Whether a readable row has this value; one that does not open has none."""
    try:
        return row is not None and row.reveal_shown() == value
    except DecryptionError:
        return False


def _shown(row: "InstanceSkillEnv") -> dict[str, Any]:
    """An entry for the listing. One that does not open says so, and leaves the others alone."""
    shown = {"key": row.key, "value": "", "sensitive": row.sensitive, "configured": True}
    try:
        shown["value"] = row.reveal_shown()
    except DecryptionError as error:
        shown |= {"value": None, "unreadable": error.reason}
    return {**shown, "updatedAt": row.updated_at}
