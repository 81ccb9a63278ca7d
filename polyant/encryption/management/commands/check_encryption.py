import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from polyant.encryption.checks import TAG
from polyant.encryption.inventory import take_inventory
from polyant.encryption.reports import inventory_as_json, inventory_as_text

EXIT_UNREADABLE = 3


class Command(BaseCommand):
    """Exit code 0: every row opens. 3: some do not."""

    help = "Open every stored value; say which keys the rows need and which rows do not open."
    requires_system_checks = (TAG,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *_: Any, **options: Any) -> None:
        inventory = take_inventory()
        written = inventory_as_json if options["json"] else inventory_as_text
        self.stdout.write(written(inventory))
        if inventory.unreadable:
            sys.exit(EXIT_UNREADABLE)
