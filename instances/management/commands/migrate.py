from contextlib import nullcontext
from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from polyant.exclusive import alone


class Command(migrate.Command):
    help = f"{migrate.Command.help} Of several that migrate at once, one waits for the other."

    def handle(self, *args: Any, **options: Any) -> None:
        only_looks = options["plan"] or options["check_unapplied"]
        with nullcontext() if only_looks else alone(connections[options["database"]]):
            super().handle(*args, **options)
