"""The process environment, put back, and how it is refused; tokens made as Auth.js makes them."""

import json
import os
import runpy
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from joserfc import jwe
from joserfc.jwk import OctKey

import polyant.settings
from polyant.environment import Environment

MARKER = "marker-7f3a9c"
SECRET = "an Auth.js secret of some length"
COOKIE = "authjs.session-token"

# The free pages of SQLite's file, so that a further one is a new one.
USE_UP = (
    "CREATE TABLE filler AS SELECT zeroblob(freelist_count * page_size) AS bytes"
    " FROM pragma_freelist_count, pragma_page_size"
)
# How each database comes into a state in which it refuses, and out of it.
WORN_OUT: dict[str, dict[str, tuple[str, ...]]] = {
    "sqlite": {
        "full": (USE_UP, "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 4294967294"),
        "read-only": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
    },
    "postgresql": {
        "full": ("SAVEPOINT s; SET LOCAL temp_file_limit = '64kB'; SET LOCAL work_mem = '64kB'",
                 "ROLLBACK TO s"),
        "read-only": ("SAVEPOINT s; SET LOCAL transaction_read_only = on", "ROLLBACK TO s"),
        "without rights": ("SAVEPOINT s; SET LOCAL ROLE pg_monitor", "ROLLBACK TO s"),
    },
}  # fmt: skip


def refusal(caught: pytest.ExceptionInfo[ImproperlyConfigured], name: str) -> str:
    """The message, once it is one line that names the variable and holds no value."""
    message = str(caught.value)
    assert name in message
    assert "\n" not in message
    assert MARKER not in message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return message


def derived(secret: str, salt: str, length: int = 64) -> OctKey:
    info = f"Auth.js Generated Encryption Key ({salt})".encode()
    derive = HKDF(algorithm=SHA256(), length=length, salt=salt.encode(), info=info)
    return OctKey.import_key(derive.derive(secret.encode()))


@contextmanager
def worn_out(state: str) -> Iterator[None]:
    """The database takes nothing more, within a test's transaction."""
    *begin, end = WORN_OUT[connection.vendor][state]
    with connection.cursor() as cursor:
        for statement in begin:
            cursor.execute(statement)
        try:
            yield
        finally:
            cursor.execute(end)


@pytest.fixture
def authjs(settings: Any) -> Callable[..., str]:
    """Make a token; what is named differs from a sound one. Claims that are None are left out."""
    settings.AUTH_SECRET = SECRET

    def make(
        email: Any = "editor@example.com",
        *,
        secret: str = SECRET,
        salt: str = COOKIE,
        enc: str = "A256CBC-HS512",
        key_length: int = 64,
        nested: int = 0,
        **claims: Any,
    ) -> str:
        key = derived(secret, salt, key_length)
        now = int(time.time())
        sound = {"sub": "1", "iat": now, "exp": now + 600, "jti": str(uuid.uuid4())}
        payload = {**sound, "email": email, **claims}
        payload = {name: value for name, value in payload.items() if value is not None}
        header = {"alg": "dir", "enc": enc, "kid": key.thumbprint()}
        registry = jwe.JWERegistry(algorithms=["dir", enc])
        deep = f'"deep": {"[" * nested}{"]" * nested}, '
        text = json.dumps(payload).replace("{", f"{{{deep}" if nested else "{", 1)
        return jwe.encrypt_compact(header, text, key, registry=registry)

    return make


@pytest.fixture
def env() -> Iterator[Environment]:
    """A reader of this process's environment, which is put back afterwards."""
    before = dict(os.environ)
    yield Environment()
    os.environ.clear()
    os.environ.update(before)
    Environment.ENVIRON.files_cache.clear()


@pytest.fixture
def settings_of(env: Environment) -> Callable[..., dict[str, Any]]:
    """The settings as a process whose environment is these variables reads them."""

    def read(**variables: str) -> dict[str, Any]:
        os.environ.clear()
        os.environ.update({"ENV_FILE": os.devnull, **variables})
        return runpy.run_path(polyant.settings.__file__)

    return read
