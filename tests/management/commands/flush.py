"""How the database is emptied after a test that commits."""

from typing import Any

from django.core.management.commands import flush
from django.db import connections, transaction

# The same after every migration. Django's own command makes them anew each time, which is most of
# what it does.
_KEPT = {"auth_permission", "django_content_type", "django_migrations"}


class Command(flush.Command):
    """Deletes the rows, which are few; a person who calls it is asked by Django's own."""

    def handle(self, **options: Any) -> None:
        if options["interactive"]:
            super().handle(**options)
            return
        connection = connections[options["database"]]
        tables = {*connection.introspection.django_table_names()} - _KEPT
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
