"""Exporting an instance: what is configured, by name, and no credential."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from instances.audit import Action, AuditEntry
from instances.bundles import MAX_BYTES
from instances.bundles.extras import Extras
from instances.bundles.sections import all_sections
from instances.models import Instance
from instances.serializers import InstanceSerializer
from polyant.encryption import durable

VERSION = "1.0"
_OURS = frozenset({"id", "createdAt", "updatedAt"})


def export(instance: Instance, by: User | None) -> dict[str, Any]:
    """The bundle of an instance, as JSON data. The audit trail records who took it."""
    bundle = describe(instance)
    AuditEntry.objects.record(instance, Action.INSTANCE_EXPORTED, (), by)
    return bundle


def describe(instance: Instance) -> dict[str, Any]:
    """What ``export`` gives, unrecorded, for callers who do not hand it out.

    Opens only what is readable anyway; a row that does not open does not affect the others.
    """
    extras = Extras.of(instance)
    members = {**_settings(instance), **_sections(instance, extras)}
    # A provider that we do not know was kept, and our own column is null.
    kept = {name: value for name, value in extras.instance.items() if members.get(name) is None}
    return {
        "version": VERSION,
        "exportedAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "type": "instance",
        "instance": {**members, **kept},
        **extras.bundle,
    }


def to_text(bundle: dict[str, Any]) -> str:
    """The bundle as it is sent and stored: indented, or compact where an import needs that."""
    text = json.dumps(bundle, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if len(text.encode()) <= MAX_BYTES:
        return text
    return to_compact(bundle)


def to_compact(bundle: dict[str, Any]) -> str:
    """The bundle in the fewest bytes: what decides whether ``to_text`` can be imported."""
    return json.dumps(bundle, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def filename(instance: Instance) -> str:
    """The name under which a bundle of today is offered."""
    return f"{instance.slug}-export-{datetime.now(UTC):%Y-%m-%d}.json"


def _settings(instance: Instance) -> dict[str, Any]:
    shown = InstanceSerializer(instance).data
    return {name: value for name, value in shown.items() if name not in _OURS}


def _sections(instance: Instance, extras: Extras) -> dict[str, Any]:
    return {
        section.member: section.export(instance, extras.sections.get(section.member, []))
        for section in all_sections()
    }


def write(bundle: dict[str, Any], path: Path) -> None:
    """Put a bundle into a file for its owner only, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    durable.put(path, to_text(bundle))
