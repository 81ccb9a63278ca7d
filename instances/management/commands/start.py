import os
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Make everything ready and serve, in one process: write_env, bootstrap, serve."
    requires_system_checks = ()  # those of `serve`, after the keys are there

    def handle(self, *args: Any, **options: Any) -> None:
        had_keys = settings.ENV_FILE.exists()
        call_command("write_env")
        if settings.ENV_FILE.exists() and not had_keys:
            # The settings were read without them.
            sys.stdout.flush()
            os.execv(sys.executable, sys.orig_argv)  # noqa: S606
        call_command("bootstrap")
        call_command("serve")
