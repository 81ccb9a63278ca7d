#!/usr/bin/env python
"""Django's command line."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, ManagementUtility
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.recorder import MigrationRecorder

from polyant import keys, loading


class Commands(ManagementUtility):
    """Django's own; it looks for a command once the project is loaded."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        loading.end()
        command = super().fetch_command(subcommand)
        if subcommand == "runserver":
            keys.ask_at_once(command)
        elif subcommand != "check":  # whose whole work is that report
            keys.ask_first(command)
        return command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyant.settings")
    loading.begin()
    try:
        Commands(sys.argv).execute()
    except ImproperlyConfigured as error:
        # A stack would bury the one line that says which variable is wrong.
        sys.exit(str(error))
    except (OperationalError, ProgrammingError):
        _exit_without_database()
        raise
    except KeyboardInterrupt:
        sys.exit(130)


def _exit_without_database() -> None:
    """In one line, if it is away or was never migrated: then the stack would say nothing."""
    try:
        is_migrated = MigrationRecorder(connection).has_table()
    except OperationalError as error:
        reason = " ".join(str(error).split())  # psycopg2's has several lines
        sys.exit(f"The database of DATABASE_URL does not answer: {reason}")
    if not is_migrated:
        sys.exit("The database of DATABASE_URL has no tables yet. Make them: manage.py migrate")


if __name__ == "__main__":
    main()
