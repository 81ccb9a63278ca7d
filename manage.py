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
    """Django's utility. By the time it looks for a command, the project is loaded."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        loading.end()
        command = super().fetch_command(subcommand)
        if subcommand == "runserver":
            keys.require_keys_first(command)
        elif subcommand != "check":  # a report of the checks is all that it is for
            keys.check_key_first(command)
        return command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyant.settings")
    loading.begin()
    try:
        Commands(sys.argv).execute()
    except ImproperlyConfigured as error:
        # A traceback would bury the one line that says which variable is wrong.
        sys.exit(str(error))
    except (OperationalError, ProgrammingError):
        _exit_without_database()
        raise
    except KeyboardInterrupt:
        sys.exit(130)


def _exit_without_database() -> None:
    """Exit with one line if the database is unreachable or not migrated; else return."""
    try:
        is_migrated = MigrationRecorder(connection).has_table()
    except OperationalError as error:
        reason = " ".join(str(error).split())  # psycopg2's message has several lines
        sys.exit(f"The database of DATABASE_URL does not answer: {reason}")
    if not is_migrated:
        sys.exit("The database of DATABASE_URL has no tables yet. Make them: manage.py migrate")


if __name__ == "__main__":
    main()
