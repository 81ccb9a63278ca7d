"""``.env`` for a first start: new keys, but no new encryption key if rows need another."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from django.apps import apps
from django.db import connection

from polyant.encryption.adoption import generate_key
from polyant.encryption.durable import write_new
from polyant.encryption.models import encrypted_fields
from polyant.environment import shown
from polyant.exceptions import Conflict

# Hexadecimal and URL-safe letters need no quotes; django-environ would take a `$` for a reference.
_MAKE = {"SECRET_KEY": lambda: secrets.token_urlsafe(50), "ENCRYPTION_KEY": generate_key}

_HEADER = """\
# The keys of this installation, made on its first start. ENCRYPTION_KEY opens every stored secret:
# keep a copy away from the database and its backups. All variables: .env.example
"""


def create(path: Path) -> list[str]:
    """Write what the environment lacks to ``path``; the names written, none if there is a file.

    Raises:
        Conflict: the database has encrypted rows, which a new key could not open; or the file
            is a link to nowhere.
        DatabaseError: the database does not answer.
        OSError: the file cannot be written.
    """
    # .env has been read by now, so its variables are in the environment.
    if not any(map(os.environ.get, ("ENCRYPTION_KEY", "ENCRYPTION_KEY_FILE"))):
        _refuse_beside_rows(path)
    if path.exists():
        return []
    names = [name for name in _MAKE if not {name, f"{name}_FILE"} & os.environ.keys()]
    return names if names and _write(path, names) else []


def _refuse_beside_rows(path: Path) -> None:
    tables, file = _tables_with_rows(), shown(path)
    if tables:
        raise Conflict(
            f"The database has encrypted rows ({', '.join(tables)}) and their key is not here:"
            f" neither {file} nor the environment has ENCRYPTION_KEY, and a new key could not"
            " open them."
            f" Restore the {file} that belongs to this database, or set ENCRYPTION_KEY to the"
            " old key. Only if it is lost for good: set ENCRYPTION_KEY to a new one"
            " (openssl rand -hex 32) and run `manage.py rotate_encryption_key --wipe-unreadable`."
        )


def _tables_with_rows() -> list[str]:
    """Tables that hold encrypted rows. One that is not migrated yet holds none."""
    existing = set(connection.introspection.table_names())
    encrypted = (model for model in apps.get_models() if encrypted_fields(model))
    return [
        model._meta.db_table
        for model in encrypted
        if model._meta.db_table in existing and model._base_manager.exists()
    ]


def _write(path: Path, names: Iterable[str]) -> bool:
    """False if another process was first: its keys are not overwritten."""
    try:
        write_new(path, _HEADER + "".join(f"{name}={_MAKE[name]()}\n" for name in names))
    except FileExistsError:
        if not path.exists():
            raise Conflict(f"{shown(path)} is a link to a file that does not exist.") from None
        return False
    return True
