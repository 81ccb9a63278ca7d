from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from instances import env_file
from polyant.environment import shown
from polyant.exceptions import Conflict


class Command(BaseCommand):
    help = "Write .env with new keys if there is none. Never beside rows that need another key."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        file = shown(settings.ENV_FILE)
        try:
            written = env_file.create(settings.ENV_FILE)
        except Conflict as refusal:
            raise CommandError(refusal.message) from None
        except DatabaseError as error:
            # manage.py prints it after the reason.
            error.add_note(
                "Nothing was written: nobody knows whether it has rows that need an older"
                " ENCRYPTION_KEY"
            )
            raise
        except OSError as error:
            raise CommandError(f"Cannot write {file}: {error.strerror}") from None
        if written:
            self.stdout.write(f"Wrote {file} with a new {' and '.join(written)}.")
