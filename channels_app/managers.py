"""The verbs on channels: the one road in, for API, admin and commands."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.db import models, transaction

from channels_app.catalog import CHANNEL_TYPES, ChannelType
from instances.audit import Action, AuditEntry
from instances.models import Instance
from polyant.encryption.models import EncryptedManager
from polyant.exceptions import Invalid, Missing

if TYPE_CHECKING:
    from channels_app.models import InstanceChannel

# What a masked input of a form looks like when a client sends it back.
PLACEHOLDER = "••••"


class InstanceChannelManager(EncryptedManager["InstanceChannel"]):
    def listing(self, instance: Instance) -> list["InstanceChannel"]:
        """The channels that exist, by type, with their credentials left in the database."""
        rows = self.filter(instance=instance).defer("credentials")
        return list(rows.order_by("channel_type"))

    def describe(self, instance: Instance, slug: str) -> "InstanceChannel":
        """The channel of a type, without its credentials.

        Raises:
            Missing: it is not connected, or there is no such type; lists those there are.
        """
        rows = self._of_type(instance, slug).defer("credentials")
        return _existing(rows.first(), slug)

    @transaction.atomic
    def connect(
        self,
        instance: Instance,
        kind: ChannelType,
        config: Mapping[str, str | None],
        by: User | None,
        *,
        enabled: bool | None = None,
    ) -> "InstanceChannel":
        """Merge ``config`` into the channel: a string sets a member, None clears it.

        ``enabled`` None keeps what is stored; a new channel begins disabled.

        Raises:
            Missing: the instance has been deleted.
            Invalid: a member is unknown or malformed, or an enabled channel would lack one.
            DecryptionError: the stored credentials do not open; the row is left as it is.
        """
        Instance.objects.lock(instance)
        _check_members(kind, config)
        # Locked, so that a deletion at the same time is not undone by what was read before it.
        rows = self.select_for_update().filter(instance=instance, channel_type=kind.slug)
        row = rows.first() or self.model(instance=instance, channel_type=kind.slug, credentials={})
        members = {**row.readable, **row.credentials.reveal(), **config}
        members = {name: value for name, value in members.items() if value is not None}
        row.enabled = row.enabled if enabled is None else enabled
        _store(row, kind, members)
        if row.enabled:
            _refuse_incomplete(row)
        row.updated_by = by
        row.save()
        AuditEntry.objects.record(instance, Action.CHANNEL_CONNECTED, _names(kind, config), by)
        return row

    @transaction.atomic
    def replace(
        self,
        instance: Instance,
        kind: ChannelType,
        config: Mapping[str, str | None],
        by: User | None,
        *,
        enabled: bool = False,
    ) -> "InstanceChannel":
        """Connect anew, whatever is stored and whether or not it opens.

        Raises:
            Missing: there is nothing to replace, or the instance has been deleted.
            Invalid: as ``connect``; what is stored then stays.
        """
        Instance.objects.lock(instance)
        self.disconnect(instance, kind.slug, by)
        return self.connect(instance, kind, config, by, enabled=enabled)

    @transaction.atomic
    def configure(
        self,
        instance: Instance,
        kind: ChannelType,
        settings: Mapping[str, str],
        by: User | None,
        *,
        enabled: bool,
    ) -> tuple["InstanceChannel", bool]:
        """Merge readable members into the channel, as an import does; its credentials stay.

        The credentials are not opened either, so this works even if the key is lost. A channel
        that lacks something is left disabled, whatever ``enabled`` says. Returns the channel, and
        whether anything was written: what is already so is left alone.

        Raises:
            Missing: the instance has been deleted.
            Invalid: a member is unknown, malformed, or a credential.
        """
        Instance.objects.lock(instance)
        _check_members(kind, settings)
        if any(name in kind.credentials for name in settings):
            raise Invalid("Credentials are set by connecting the channel.", path="config")
        rows = self.select_for_update().filter(instance=instance, channel_type=kind.slug)
        row = rows.defer("credentials").first()
        row = row or self.model(instance=instance, channel_type=kind.slug, credentials={})
        before = row.config, row.enabled
        row.config = {**row.readable, **settings}
        row.enabled = enabled and not row.lacking
        if not row._state.adding and before == (row.config, row.enabled):
            return row, False
        row.updated_by = by
        row.save()
        AuditEntry.objects.record(instance, Action.CHANNEL_CONNECTED, _names(kind, settings), by)
        return row, True

    def rows_by_type(self, instance: Instance) -> dict[str, "InstanceChannel"]:
        """The channels that exist, by type, with who wrote them and with their values, sealed."""
        rows = self.filter(instance=instance).select_related("updated_by")
        return {row.channel_type: row for row in rows}

    @transaction.atomic
    def disconnect(self, instance: Instance, slug: str, by: User | None) -> None:
        """Delete the channel of a type, readable or not, and known here or not.

        Raises:
            Missing: it is not connected, or there is no such type; lists those there are.
        """
        deleted, _ = self._of_type(instance, slug).delete()
        if not deleted:
            raise _not_connected(slug)
        AuditEntry.objects.record(instance, Action.CHANNEL_DISCONNECTED, [slug], by)

    def _of_type(self, instance: Instance, slug: str) -> models.QuerySet["InstanceChannel"]:
        # A slug from an address may have a NUL, which PostgreSQL's text cannot hold.
        is_storable = "\0" not in slug
        return self.filter(instance=instance, channel_type=slug) if is_storable else self.none()

    def reveal(self, instance: Instance, kind: ChannelType) -> dict[str, str]:
        """All members of a channel, credentials included, for the adapter that connects it.

        Raises:
            Missing: it is not connected.
            DecryptionError: the credentials do not open.
        """
        row = self.filter(instance=instance, channel_type=kind.slug).first()
        row = _existing(row, kind.slug)
        return {**row.readable, **row.credentials.reveal()}


def find_type(slug: str) -> ChannelType:
    """The channel type of a slug.

    Raises:
        Missing: there is none; lists those there are.
    """
    if slug not in CHANNEL_TYPES:
        raise Missing(f"There is no such channel type; there are: {', '.join(CHANNEL_TYPES)}.")
    return CHANNEL_TYPES[slug]


def _names(kind: ChannelType, members: Iterable[str]) -> list[str]:
    """The members for the audit trail; the channel alone where it was only switched."""
    return [f"{kind.slug}/{name}" for name in members] or [kind.slug]


def _existing(row: "InstanceChannel | None", slug: str) -> "InstanceChannel":
    if row is None:
        raise _not_connected(slug)
    return row


def _not_connected(slug: str) -> Missing:
    """For a type that there is; for another, ``find_type`` says so."""
    return Missing(f"{find_type(slug).slug} is not connected.")


def _store(row: "InstanceChannel", kind: ChannelType, members: Mapping[str, Any]) -> None:
    """Separate what may be read from what may not."""
    names = [name for name in kind.credentials if name in members]
    row.credential_names = names
    row.credentials = {name: members[name] for name in names}
    row.config = {name: value for name, value in members.items() if name not in names}


def _check_members(kind: ChannelType, config: Mapping[str, str | None]) -> None:
    for name, value in config.items():
        member = kind.member(name)
        if member is None:
            known = ", ".join(member.name for member in kind.members)
            raise Invalid(
                f"Unknown member; {kind.slug} takes: {known}.", path="config", code="unknown_member"
            )
        if value is not None and value.startswith(PLACEHOLDER):
            message = "This is a placeholder; leave the member out to keep what is stored."
            raise Invalid(message, path=f"config.{name}", code="placeholder")
        if value is not None and not member.accepts(value):
            raise Invalid(f"This is not valid. {member.hint}", path=f"config.{name}")


def _refuse_incomplete(row: "InstanceChannel") -> None:
    if lacking := row.lacking:
        raise Invalid(
            f"An enabled {row.channel_type} channel needs: {', '.join(lacking)}.",
            path="config",
            code="incomplete",
        )
