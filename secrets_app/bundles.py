"""Secrets and skill env in a bundle: their names, and the values that are readable."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.auth.models import User

from instances.bundles.sections import Applied, BundleSection, Entry, WarningType
from instances.models import SLUG_MAX_LENGTH, Instance, validate_slug
from polyant.names import validate_is_a_name
from polyant.serializers import BooleanField, DistinctList, StrictSerializer, TextField
from secrets_app.entries import why_unreadable
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from secrets_app.validators import (
    validate_env_key,
    validate_secret_key,
    validate_value,
)

Name = tuple[str, str]
_NOT_TAKEN = "Its value in the bundle was not taken."


class BundledEntry(StrictSerializer):
    """Takes the members it knows. ``dropped`` in its result has the names of the others.

    Newer bundles of the public engine may have more members, and what they mean is unknown here.
    """

    is_closed = False

    class Meta:
        list_serializer_class = DistinctList

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            return super().to_internal_value(data)
        known = {name: value for name, value in data.items() if self.takes(name, data)}
        dropped = {name for name in data if name not in known and data[name] not in (None, "")}
        return {**super().to_internal_value(known), "dropped": dropped}

    def takes(self, name: str, data: Entry) -> bool:
        """False for a member of ``data`` that is left out."""
        return name in self.fields


class BundledSecret(BundledEntry):
    """A secret of the exported instance, by name."""

    distinct = ("key",)

    key = TextField(validators=[validate_secret_key, validate_is_a_name])
    configured = BooleanField()


class SecretsSection(BundleSection):
    """Which keys are set. An import names those that the target lacks."""

    member = "secrets"
    entry = BundledSecret

    def export(self, instance: Instance, kept: list[Any]) -> list[Entry]:
        listing = InstanceSecret.objects.listing(instance)
        return [{**each} for each in listing if each["configured"]]

    def apply(self, instance: Instance, entries: list[Entry], by: User | None) -> Applied:
        key_ids = InstanceSecret.objects.key_ids(instance)
        stored = {key: _problem(key_id, "secret") for key, key_id in key_ids.items()}
        return Applied([], [each for entry in entries for each in _about(entry, stored)])


def _problem(key_id: str, noun: str) -> str:
    """Why a stored value cannot be opened, and what to do; "" if its key is here."""
    return " ".join(why_unreadable(key_id, noun) or ())


def _about(entry: Entry, stored: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Warnings. ``stored``: the keys that are set, and why each cannot be opened; "" if it can."""
    key, has_value = entry["key"], "value" in entry["dropped"]
    if stored.get(key) == "":
        if has_value:
            message = f"The secret {key} is set here and was kept; the bundle's value was left out."
            yield WarningType.UNSUPPORTED.say(message, key=key)
    elif entry["configured"] or has_value:
        message = _ask(f"Set the secret {key}.", stored.get(key), has_value)
        yield WarningType.SECRET_REQUIRED.say(message, key=key)
    yield from _others(entry, f"the secret {key}", key=key)


def _ask(what: str, problem: str | None, has_value: bool) -> str:
    """A request to enter a value: why, if there is one, and what became of the bundle's."""
    return " ".join(filter(None, [what, problem, _NOT_TAKEN if has_value else ""]))


def _others(entry: Entry, subject: str, **names: str) -> Iterator[dict[str, Any]]:
    """A warning of members that are left out, without their names: one may be a value."""
    if entry["dropped"] - {"value"}:
        message = f"The bundle says more of {subject}; that was left out."
        yield WarningType.UNSUPPORTED.say(message, **names)


class BundledEnv(BundledEntry):
    """A variable of a skill; its value only where it is readable."""

    distinct = ("skillSlug", "key")

    skillSlug = TextField(
        max_length=SLUG_MAX_LENGTH, validators=[validate_slug, validate_is_a_name]
    )
    key = TextField(validators=[validate_env_key, validate_is_a_name])
    encrypted = BooleanField()
    hasValue = BooleanField(required=False)
    value = TextField(validators=[validate_value], allow_blank=True, required=False)

    def takes(self, name: str, data: Entry) -> bool:
        is_credential = name == "value" and data.get("encrypted") is True
        return not is_credential and super().takes(name, data)


class SkillEnvSection(BundleSection):
    """Variables of skills. An import sets readable ones, and leaves stored sensitive ones alone."""

    member = "skillEnv"
    entry = BundledEnv

    def export(self, instance: Instance, kept: list[Any]) -> list[Entry]:
        skills = InstanceSkillEnv.objects.shown_by_skill(instance)
        return [_exported(skill, shown) for skill, listing in skills.items() for shown in listing]

    def apply(self, instance: Instance, entries: list[Entry], by: User | None) -> Applied:
        stored = InstanceSkillEnv.objects.sensitivity(instance)
        brought = {_name(entry): value for entry in entries
                   if (value := _value(entry)) is not None}  # fmt: skip
        values = {name: value for name, value in brought.items() if not stored.get(name)}
        written = InstanceSkillEnv.objects.set_readable(instance, values, by) if values else []
        key_ids = InstanceSkillEnv.objects.key_ids(instance)
        problems = {name: _problem(key_id, "variable") for name, key_id in key_ids.items()}
        warnings = [each for entry in entries for each in _warnings(entry, stored, problems)]
        return Applied(["/".join(name) for name in written], warnings)


def _exported(skill: str, shown: dict[str, Any]) -> Entry:
    note = {"skillSlug": skill, "key": shown["key"], "encrypted": shown["sensitive"]}
    if shown["sensitive"] or "unreadable" in shown:
        return {**note, "hasValue": True}
    return {**note, "hasValue": shown["value"] != "", "value": shown["value"]}


def _name(entry: Entry) -> Name:
    return entry["skillSlug"], entry["key"]


def _value(entry: Entry) -> str | None:
    """The value that an entry brings; None where it brings none."""
    if entry["encrypted"]:
        return None
    # Older engines name readable variables without their values.
    return entry.get("value", "" if entry.get("hasValue") is False else None)


def _warnings(
    entry: Entry, stored: Mapping[Name, bool], problems: Mapping[Name, str]
) -> Iterator[dict[str, Any]]:
    """``stored``: was each variable sensitive before? ``problems``: what is wrong with it now."""
    name = _name(entry)
    names = {"skillSlug": name[0], "key": name[1]}
    variable = f"{names['key']} of the skill {names['skillSlug']}"
    sensitive, is_dropped = stored.get(name), "value" in entry["dropped"]
    is_left_out = is_dropped or (bool(sensitive) and _value(entry) is not None)
    is_usable = problems.get(name) == ""
    if not is_usable and (is_left_out or entry.get("hasValue") is not False):
        message = _ask(f"Set {variable}.", problems.get(name), is_left_out)
        yield WarningType.SKILL_ENV_REQUIRED.say(message, **names)
    elif sensitive and is_left_out:
        message = f"{variable} is sensitive here and was kept; the bundle's value was left out."
        yield WarningType.UNSUPPORTED.say(message, **names)
    elif sensitive is False and entry["encrypted"]:
        message = f"{variable} is readable here and was kept; the bundle has it as sensitive."
        yield WarningType.UNSUPPORTED.say(message, **names)
    yield from _others(entry, variable, **names)
