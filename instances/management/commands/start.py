import os
import sys
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from polyant import serving


class Command(BaseCommand):
    help = "Make everything ready and serve, in one process: write_env, bootstrap, serve."
    requires_system_checks = ()  # those of `serve`, after the keys are there

    def handle(self, *args: Any, **options: Any) -> None:
        serving.stop_quietly()
        serving.address().require()  # before anything is made or printed
        call_command("write_env")
        if settings.ENV_FILE.exists() and not settings.ENV_FILE_FOUND:
            _restart()
        call_command("bootstrap")
        call_command("serve")


def _restart() -> NoReturn:
    """Start this process again: the settings were read before the keys were written."""
    sys.stdout.flush()
    zone = {} if settings.HOST_TZ is None else {"TZ": settings.HOST_TZ}
    environment = {name: text for name, text in os.environ.items() if name != "TZ"}
    serving.hold_stops()
    os.execve(sys.executable, sys.orig_argv, environment | zone)  # noqa: S606
