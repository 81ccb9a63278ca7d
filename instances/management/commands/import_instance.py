import sys
from pathlib import Path
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from instances.bundles import MAX_BYTES, importing
from instances.bundles.reading import Unreadable, read_bundle
from instances.models import Instance
from polyant.encryption.checks import TAG
from polyant.exceptions import Refusal


class Command(BaseCommand):
    help = (
        "Import a bundle as a new instance, or with --onto into one that exists, and print what"
        " has to be entered afterwards. Nothing that exists is deleted."
    )
    requires_system_checks = (TAG, Tags.models)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a bundle; - is the standard input")
        parser.add_argument("--onto", metavar="SLUG", help="import into this instance")
        parser.add_argument("--plan", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        onto = _instance(options["onto"])
        verb = importing.plan if options["plan"] else importing.apply
        try:
            outcome = verb(read_bundle(_raw(options["file"])), None, onto)
        except Unreadable as error:
            lines = (f"{each['path'] or 'bundle'}: {each['message']}" for each in error.faults)
            raise CommandError("\n".join(["Nothing was imported.", *lines])) from None
        except Refusal as refusal:
            raise CommandError(refusal.message) from None
        done = "Would import" if options["plan"] else "Imported"
        self.stdout.write(f"{done} {outcome.slug}.")
        for warning in outcome.warnings:
            self.stdout.write(f"[ ] {warning['message']}")


def _instance(slug: str | None) -> Instance | None:
    if slug is None:
        return None
    found = Instance.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no instance {slug!r}.")
    return found


def _raw(name: str) -> bytes:
    """At most one byte more than a bundle may have."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(name).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"Cannot read {name}: {error.strerror}.") from None
