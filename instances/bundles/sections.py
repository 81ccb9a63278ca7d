"""The parts of a bundle that belong to other apps. ``settings.BUNDLE_SECTIONS`` names them."""

from functools import cache
from typing import Any, ClassVar, NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import TextChoices
from django.utils.module_loading import import_string

from instances.models import Instance
from polyant.serializers import StrictSerializer

Entry = dict[str, Any]


class WarningType(TextChoices):
    """What an import leaves for a person to do, or to know."""

    SECRET_REQUIRED = "secret_required"
    CHANNEL_CREDENTIALS = "channel_credentials"
    SKILL_ENV_REQUIRED = "skill_env_required"
    UNSUPPORTED = "unsupported"

    def say(self, message: str, **names: Any) -> dict[str, Any]:
        """A warning on the wire; ``names`` say what it is about, for programs."""
        return {"type": self.value, "message": message, **names}


class Applied(NamedTuple):
    """What a section wrote, by name, and what it could not."""

    changes: list[str]
    warnings: list[dict[str, Any]]


class BundleSection:
    """A list in a bundle's ``instance``: how it is exported, validated, kept and applied."""

    member: ClassVar[str]
    entry: ClassVar[type[StrictSerializer]]

    def export(self, instance: Instance, kept: list[Any]) -> list[Entry]:
        """The entries, without a credential. ``kept`` is what ``keep`` gave at an import."""
        raise NotImplementedError

    def keep(self, entries: list[Entry], kept: list[Any]) -> list[Any]:
        """What to keep unchanged of ``entries``, as JSON; ``kept`` is that of earlier imports."""
        return kept

    def apply(self, instance: Instance, entries: list[Entry], by: User | None) -> Applied:
        """Write what can be written, and delete nothing, in the transaction of the import."""
        raise NotImplementedError


@cache
def all_sections() -> tuple[BundleSection, ...]:
    """The sections, in the order that they have in a bundle."""
    return tuple(import_string(name)() for name in settings.BUNDLE_SECTIONS)
