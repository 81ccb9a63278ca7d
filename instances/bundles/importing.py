"""Importing a bundle: as a new instance, or onto one that exists. A plan is an import, rolled back.

An import sets what the bundle has and keeps everything else. It neither deletes nor reads nor
replaces a credential: the warnings name each one that is not stored here, or that no configured key
opens.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from instances.audit import Action, AuditEntry
from instances.bundles import exporting
from instances.bundles.extras import Extras
from instances.bundles.known_names import KNOWN_NAMES
from instances.bundles.sections import WarningType, all_sections
from instances.bundles.size import has_outgrown
from instances.models import SLUG_MAX_LENGTH, Instance
from instances.serializers import InstanceChange
from polyant.exceptions import Conflict, Invalid

_SUFFIX = "-imported"
_LONGEST_SUFFIX = 20
_ATTEMPTS = 20


@dataclass(frozen=True)
class Outcome:
    """What an import did, or would do. ``changes`` are names, such as ``channels/telegram``."""

    slug: str
    instance_id: UUID | None
    changes: list[str]
    warnings: list[dict[str, Any]]

    def to_wire(self) -> dict[str, Any]:
        return {"slug": self.slug, "instanceId": self.instance_id, "warnings": self.warnings}


def plan(bundle: dict[str, Any], by: User | None, onto: Instance | None = None) -> Outcome:
    """What ``apply`` would do now; nothing is changed.

    Raises:
        Missing: the instance has been deleted.
    """
    with transaction.atomic():
        outcome = apply(bundle, by, onto)
        transaction.set_rollback(True)
    return replace(outcome, instance_id=onto.pk if onto else None)


@transaction.atomic
def apply(bundle: dict[str, Any], by: User | None, onto: Instance | None = None) -> Outcome:
    """Import the validated data of a ``Bundle``: all of it, or nothing.

    Without ``onto`` it becomes a new instance, of which ``by`` is the first admin. If its slug is
    taken it becomes ``{slug}-imported``, then ``{slug}-imported-2`` and so on.

    Raises:
        Missing: the instance has been deleted.
        Conflict: too many imports of one slug at the same moment.
        Invalid: this would make the instance's next export too large to import.
    """
    data = bundle["instance"]
    existing = Instance.objects.lock(onto) if onto else None
    before = exporting.describe(existing) if existing else None
    fields = {**_fields(data), "bundle_extras": _extras(bundle, existing).to_column()}
    instance, changes = _written(existing, data["slug"], fields, by)
    warnings = []
    for section in all_sections():
        applied = section.apply(instance, data.get(section.member, []), by)
        changes += [f"{section.member}/{name}" for name in applied.changes]
        warnings += applied.warnings
    _refuse_too_large(before, instance)
    parts = {change.partition("/")[0] for change in changes}
    AuditEntry.objects.record(instance, Action.INSTANCE_IMPORTED, parts, by)
    return Outcome(instance.slug, instance.pk, changes, [*warnings, *_without_effect(bundle)])


def _fields(data: dict[str, Any]) -> dict[str, Any]:
    """The columns of an instance that the bundle sets."""
    names = [field.source for field in InstanceChange().fields.values()]
    found = {name: data[name] for name in names if name in data}
    return {**found, "provider": None} if _foreign_provider(data) else found


def _foreign_provider(data: dict[str, Any]) -> dict[str, Any]:
    """The provider as a member to keep, if it is not one of ours."""
    provider = data.get("provider")
    return {"provider": provider} if provider and provider not in Instance.Provider else {}


def _extras(bundle: dict[str, Any], existing: Instance | None) -> Extras:
    """What to keep of this bundle, and of earlier ones where this one has nothing."""
    data = bundle["instance"]
    old = Extras.of(existing) if existing else Extras()
    renewed = {*data["rest"], *({"provider"} & data.keys())}
    earlier = {name: value for name, value in old.instance.items() if name not in renewed}
    sections = {
        section.member: section.keep(
            data.get(section.member, []), old.sections.get(section.member, [])
        )
        for section in all_sections()
    }
    return Extras(
        bundle={**old.bundle, **bundle["rest"]},
        instance={**earlier, **_foreign_provider(data), **data["rest"]},
        sections={member: kept for member, kept in sections.items() if kept},
    )


def _written(
    existing: Instance | None, slug: str, fields: dict[str, Any], by: User | None
) -> tuple[Instance, list[str]]:
    """The instance with these fields, and the names of those that have changed."""
    if existing is None:
        given = {name: value for name, value in fields.items() if value != {}}
        return _established(slug, given, by), [*given]
    changed = {name: value for name, value in fields.items() if getattr(existing, name) != value}
    if changed:
        existing = Instance.objects.change(existing, by, **changed)
    return existing, [*changed]


def _established(slug: str, fields: dict[str, Any], by: User | None) -> Instance:
    for _ in range(_ATTEMPTS):
        try:
            return Instance.objects.establish(by, slug=_free(slug), **fields)
        except Conflict:
            # Another import took the slug between our look and our row; the next look sees it.
            continue
    raise Conflict("Many instances of this slug are being made right now; try again.")


def _free(slug: str) -> str:
    """The first of the slug's names that is not taken."""
    like = Instance.objects.filter(slug__startswith=slug[: SLUG_MAX_LENGTH - _LONGEST_SUFFIX])
    taken = {*like.filter(Q(slug=slug) | Q(slug__contains=_SUFFIX)).values_list("slug", flat=True)}
    return next(name for name in _names(slug) if name not in taken)


def _names(slug: str) -> Iterator[str]:
    yield slug
    for number in count(1):
        suffix = _SUFFIX if number == 1 else f"{_SUFFIX}-{number}"
        yield slug[: SLUG_MAX_LENGTH - len(suffix)] + suffix


def _refuse_too_large(before: dict[str, Any] | None, instance: Instance) -> None:
    """Kept members add up over imports, and their JSON may be longer than it was in the bundle."""
    if has_outgrown(before, exporting.describe(instance)):
        raise Invalid(
            "With this the instance's export would be too large to be imported again. Nothing was"
            " imported; leave something large out of the bundle.",
            code="too_large",
        )


def _without_effect(bundle: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A warning of what is kept and does nothing here; not of what is off or empty anyway."""
    data = bundle["instance"]
    rest = {**bundle["rest"], **data["rest"], **_foreign_provider(data)}
    if found := [name for name, value in rest.items() if value]:
        # An unknown name may be a misplaced value.
        names = [name for name in found if name in KNOWN_NAMES]
        others = len(found) - len(names)
        listed = [*names, f"{others} more that this project does not know"] if others else names
        yield WarningType.UNSUPPORTED.say(
            f"Kept for the next export, and without effect here: {', '.join(listed)}.", names=names
        )
