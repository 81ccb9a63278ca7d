#!/usr/bin/env python
"""Django's command line."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, ManagementUtility

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
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
