"""Channels in a bundle: which there are, and their readable configuration."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers

from channels_app.catalog import CHANNEL_TYPES, Member
from channels_app.models import InstanceChannel
from instances.bundles.credentials import CREDENTIAL_FAULT, find_faults
from instances.bundles.sections import Applied, BundleSection, Entry, WarningType
from instances.bundles.serializers import OpenSerializer, validate_name
from instances.models import Instance
from polyant.encryption.conf import get_keyring
from polyant.serializers import BooleanField, DistinctList, TextField

# The public engine treats the Account SID as readable and puts it into its bundles. Here it is a
# credential: it is not imported, but asked for.
_READABLE_ELSEWHERE = frozenset({"accountSid"})
_DISABLED = "{label} is disabled: {enter}."
_NEEDS_KEY = (
    "The credentials of {label} need encryption key {key_id}, which is not configured here. Add it"
    " to ENCRYPTION_KEY_FALLBACKS, or delete the channel, {enter}."
)
_DAMAGED = "The credentials of {label} are damaged; no key opens them. Delete the channel, {enter}."


class BundledChannel(OpenSerializer):
    """A channel; a type or a member of `config` that is not known here is kept."""

    distinct = ("channelType",)

    channelType = TextField(validators=[validate_name])
    enabled = BooleanField()
    config = serializers.DictField(required=False)

    class Meta:
        list_serializer_class = DistinctList

    def validate(self, entry: Entry) -> Entry:
        """Part ``config`` into ``settings``, the members that we know, and ``other``, the rest."""
        config = entry.pop("config", {})
        kind = CHANNEL_TYPES.get(entry["channelType"])
        members = {member.name: member for member in kind.members} if kind else {}
        known = {name: _tidy(members[name], config[name]) for name in config if name in members}
        other = {name: config[name] for name in config if name not in members}
        given = {name: value for name, value in known.items() if value not in (None, "")}
        checked = ((name, _fault(members[name], value)) for name, value in given.items())
        others = find_faults(config, without=members)
        faults = {name: fault for name, fault in (*checked, *others) if fault}
        if faults:
            raise serializers.ValidationError({"config": {name: [faults[name]] for name in faults}})
        settings = {name: value for name, value in given.items() if not members[name].credential}
        return {**entry, "settings": settings, "other": other}


class ChannelsSection(BundleSection):
    """Channels without their credentials; a type or a member that is not ours is kept."""

    member = "channels"
    entry = BundledChannel

    def export(self, instance: Instance, kept: list[Any]) -> list[Entry]:
        by_type = {entry["channelType"]: entry for entry in kept}
        rows = InstanceChannel.objects.listing(instance)
        ours = [_exported(row, by_type.pop(row.channel_type, {})) for row in rows]
        return [*ours, *(entry for kind, entry in by_type.items() if kind not in CHANNEL_TYPES)]

    def keep(self, entries: list[Entry], kept: list[Any]) -> list[Any]:
        by_type = {entry["channelType"]: entry for entry in kept}
        for new in map(_kept, entries):
            old = by_type.get(new["channelType"], {})
            config = {**old.get("config", {}), **new.get("config", {})}
            by_type[new["channelType"]] = {**old, **new, **({"config": config} if config else {})}
        return [entry for entry in by_type.values() if len(entry) > 1]

    def apply(self, instance: Instance, entries: list[Entry], by: User | None) -> Applied:
        applied, missing = Applied([], []), _missing_keys(instance)
        for entry in entries:
            if kind := CHANNEL_TYPES.get(entry["channelType"]):
                row, is_written = InstanceChannel.objects.configure(
                    instance, kind, entry["settings"], by, enabled=entry["enabled"]
                )
                applied.changes.extend([kind.slug] if is_written else [])
                applied.warnings.extend(_lacking(row, missing))
            else:
                applied.warnings.append(_foreign(entry["channelType"]))
        return applied


def _missing_keys(instance: Instance) -> dict[str, str]:
    """Channels whose credentials need a key that is not here, by type. Opens nothing."""
    rows, known = InstanceChannel.objects.rows_by_type(instance), get_keyring().key_ids
    ids = {kind: row.credentials.key_id for kind, row in rows.items()}  # type: ignore[attr-defined]
    return {kind: key_id for kind, key_id in ids.items() if key_id not in known}


def _tidy(member: Member, value: Any) -> Any:
    """A readable value as the public engine reads it: trimmed, and a list without empty parts."""
    if member.credential or not isinstance(value, str) or member.accepts(value):
        return value
    return ", ".join(filter(None, map(str.strip, value.split(","))))


def _fault(member: Member, value: Any) -> serializers.ErrorDetail | None:
    if member.credential:
        return None if member.name in _READABLE_ELSEWHERE else CREDENTIAL_FAULT
    if isinstance(value, str) and member.accepts(value):
        return None
    return serializers.ErrorDetail(f"This is not valid. {member.hint}", "invalid")


def _kept(entry: Entry) -> Entry:
    """The part of an entry that is not ours; all of it for a type that is not ours."""
    kept = {"channelType": entry["channelType"], **entry["rest"]}
    if entry["channelType"] not in CHANNEL_TYPES:
        return {**kept, "enabled": entry["enabled"], "config": entry["other"]}
    return {**kept, "config": entry["other"]} if entry["other"] else kept


def _exported(row: InstanceChannel, kept: Entry) -> Entry:
    config = {**kept.get("config", {}), **row.readable}
    return {**kept, "channelType": row.channel_type, "enabled": row.enabled, "config": config}


def _lacking(row: InstanceChannel, missing: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    label, key_id = row.kind.label, missing.get(row.channel_type)
    names = [*row.lacking, *(row.credential_names if key_id is not None else ())]
    if not names:
        return
    enter = f"set {', '.join(names)}, then enable it"
    told = _DISABLED if key_id is None else _NEEDS_KEY if key_id else _DAMAGED
    message = told.format(label=label, key_id=key_id, enter=enter)
    yield WarningType.CHANNEL_CREDENTIALS.say(message, channelType=row.channel_type, names=names)


def _foreign(channel_type: str) -> dict[str, Any]:
    message = f"Kept for the next export, and without effect here: the channel {channel_type}."
    return WarningType.UNSUPPORTED.say(message, channelType=channel_type)
