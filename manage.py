#!/usr/bin/env python3
"""Django's command line."""

import os
import sys
from pathlib import Path

try:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import BaseCommand, ManagementUtility
    from django.db import Error as DatabaseError

    from polyant import database, keys, loading
except ModuleNotFoundError as missing:
    if str(missing.name).startswith("polyant"):
        raise
    # Outside of the virtualenv, where a stack would not say so.
    sys.exit(
        f"This Python has no {missing.name}; that of the virtualenv has, which `make run` makes:"
        " .venv/bin/python manage.py …"
    )


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
    _open_streams()
    loading.begin()
    try:
        Commands(sys.argv).execute()
        _finish_output()
    except BrokenPipeError:
        _drop_output()
        sys.exit(1)
    except ImproperlyConfigured as error:
        # A traceback would bury the one line that says which variable is wrong.
        sys.exit(str(error))
    except DatabaseError as error:
        _exit_without_database(error)
        raise
    except KeyboardInterrupt:
        sys.exit(130)


def _finish_output() -> None:
    """Write what waits in the buffer, while there is somebody to tell that it cannot be written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # as for any other line, see `main`
    except OSError as error:
        _drop_output()
        sys.exit(f"Not all of the output could be written: {error.strerror}")


def _drop_output() -> None:
    """Nobody reads it, as behind `head`. Python would complain of that once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_streams() -> None:
    """Give a command that was started without a standard stream (``<&-``) an empty one."""
    nothing = Path(os.devnull)
    sys.stdin = sys.stdin or nothing.open()
    sys.stdout = sys.stdout or nothing.open("w")
    sys.stderr = sys.stderr or nothing.open("w")


def _exit_without_database(error: DatabaseError) -> None:
    """Exit with one line if the database cannot be used; else return: the fault is ours.

    A command may have added notes to the error: what it left undone, and what to do next.
    """
    if trouble := database.trouble(error):
        sys.exit(". ".join([trouble, *getattr(error, "__notes__", ())]))


if __name__ == "__main__":
    main()
