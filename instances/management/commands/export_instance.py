from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from instances.bundles import exporting
from instances.models import Instance


class Command(BaseCommand):
    help = (
        "Print an instance as a bundle: its settings, and by name what is configured. No credential"
        " is in it. With --all, write a file for each instance into a folder."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("slug", nargs="?")
        what.add_argument("--all", metavar="DIR", type=Path, dest="folder")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["folder"] is not None:
            return self._write_all(options["folder"])
        instance = Instance.objects.filter(slug=options["slug"]).first()
        if instance is None:
            raise CommandError(f"There is no instance {options['slug']!r}.")
        self.stdout.write(exporting.to_text(exporting.export(instance, None)), ending="")
        return None

    def _write_all(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for instance in Instance.objects.order_by("slug"):
                name = exporting.filename(instance)
                exporting.write(exporting.export(instance, None), folder / name)
                self.stdout.write(name)
        except OSError as error:
            raise CommandError(f"Cannot write to {folder}: {error.strerror}.") from None
