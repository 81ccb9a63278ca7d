"""One stored credential, and a way past the ORM."""

from collections.abc import Callable

import pytest
from django.db import connection

from instances.models import Instance
from secrets_app.models import InstanceSecret


@pytest.fixture
def plaintext() -> str:
    """A text that is looked for wherever it must not be."""
    return "sk-plaintext-ключ-🔑"


@pytest.fixture
def secret(instance: Instance, plaintext: str) -> InstanceSecret:
    """A stored credential, as it was just created."""
    return InstanceSecret.objects.create(instance=instance, key="openai_api_key", value=plaintext)


@pytest.fixture
def execute(db: None) -> Callable[..., None]:
    """Write past the ORM, as somebody with the database's password can."""

    def run(sql: str, *parameters: str | bool) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    return run


@pytest.fixture
def overwrite(db: None) -> Callable[..., None]:
    """Put a text into a secret's column past the ORM, and past the CHECK as a broken disk would."""

    def write(key: str, text: str, expression: str = "%s") -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA ignore_check_constraints = ON")
            else:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or the table is busy
                name = "instance_secrets_value_is_ciphertext"
                cursor.execute(f"ALTER TABLE instance_secrets DROP CONSTRAINT IF EXISTS {name}")
            update = f"UPDATE instance_secrets SET value = {expression} WHERE key = %s"
            cursor.execute(update, [text, key])
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA ignore_check_constraints = OFF")

    return write
