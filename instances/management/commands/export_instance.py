import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from instances.bundles import exporting
from instances.models import Instance
from polyant.encryption.checks import TAG


class Command(BaseCommand):
    help = (
        "Print an instance as a bundle: its settings, and by name what is configured. No credential"
        " is in it. With --all, write a file for each instance into a folder."
    )
    requires_system_checks = (TAG,)

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("slug", metavar="SLUG", nargs="?", help="the instance")
        every = "every instance, each as a file in this folder, which is made if need be"
        what.add_argument("--all", metavar="DIR", type=Path, dest="folder", help=every)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["folder"] is not None:
            return self._write_all(options["folder"])
        instance = Instance.objects.filter(slug=options["slug"]).first()
        if instance is None:
            raise CommandError(f"There is no instance {options['slug']!r}.")
        # Recorded before it is printed: a reader may take a part and leave.
        self._print(exporting.to_text(exporting.export(instance, None)))
        return None

    def _print(self, text: str) -> None:
        # A bundle is UTF-8 whatever the terminal's encoding is, which may lack a letter.
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        self.stdout.write(text, ending="")

    def _write_all(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for instance in Instance.objects.order_by("slug"):
                name = exporting.filename(instance)
                with transaction.atomic():  # a file that is not written leaves no entry
                    exporting.write(exporting.export(instance, None), folder / name)
                self.stdout.write(name)
        except OSError as error:
            raise CommandError(f"Cannot write to {folder}: {error.strerror}.") from None
