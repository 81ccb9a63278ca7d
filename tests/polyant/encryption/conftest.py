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
