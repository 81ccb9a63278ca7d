"""The process environment, put back, and how it is refused; tokens made as Auth.js makes them."""

import json
import os
import runpy
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.exceptions import ImproperlyConfigured
from joserfc import jwe
from joserfc.jwk import OctKey

import polyant.settings
from polyant.environment import Environment

MARKER = "marker-7f3a9c"
SECRET = "an Auth.js secret of some length"
COOKIE = "authjs.session-token"


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
        **claims: Any,
    ) -> str:
        key = derived(secret, salt, key_length)
        now = int(time.time())
        sound = {"sub": "1", "iat": now, "exp": now + 600, "jti": str(uuid.uuid4())}
        payload = {**sound, "email": email, **claims}
        payload = {name: value for name, value in payload.items() if value is not None}
        header = {"alg": "dir", "enc": enc, "kid": key.thumbprint()}
        registry = jwe.JWERegistry(algorithms=["dir", enc])
        return jwe.encrypt_compact(header, json.dumps(payload), key, registry=registry)

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
