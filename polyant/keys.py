"""The keys that a process cannot work without, checked before it begins."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand

from polyant.encryption.checks import TAG
from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import InvalidEncryptionKey

SHORTEST_SECRET_KEY = 32
_GENERATE = "Generate one with: openssl rand -hex 32"


def require_keys() -> None:
    """Return if ``ENCRYPTION_KEY``, ``SECRET_KEY`` and what belongs to them can be used.

    Raises:
        ImproperlyConfigured: one line for the operator: which variable, what is wrong, the remedy.
    """
    _require_encryption_key()
    for fault in settings.KEY_FAULTS.values():
        raise ImproperlyConfigured(fault)
    _require_secret_key()


def check_key_first(command: BaseCommand) -> None:
    """Make a command report a bad ``ENCRYPTION_KEY`` in one line before its checks run.

    Django would put a report of several lines around it.
    """
    check = command.check

    def check_after_key(*, tags: Sequence[str] | None = None, **options: Any) -> None:
        if tags is None or TAG in tags:
            _require_encryption_key()
        check(tags=tags, **options)

    command.check = check_after_key  # type: ignore[method-assign,assignment]


def require_keys_first(command: BaseCommand) -> None:
    """Make a command call ``require_keys`` before it does anything else.

    Once it has started, runserver's reloader would print a traceback and wait for a file to change.
    """
    execute = command.execute

    def execute_with_keys(*args: Any, **options: Any) -> str | None:
        require_keys()
        return execute(*args, **options)

    command.execute = execute_with_keys  # type: ignore[method-assign]


def _require_secret_key() -> None:
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:
        raise ImproperlyConfigured(f"SECRET_KEY is not set. {_GENERATE}") from None
    # Whoever guesses a key can sign whatever we can. A former key still verifies signatures.
    if len(key) < SHORTEST_SECRET_KEY:
        raise ImproperlyConfigured(
            f"SECRET_KEY must be at least {SHORTEST_SECRET_KEY} characters long. {_GENERATE}"
        )
    if any(len(former) < SHORTEST_SECRET_KEY for former in settings.SECRET_KEY_FALLBACKS):
        raise ImproperlyConfigured(
            f"SECRET_KEY_FALLBACKS has a key of less than {SHORTEST_SECRET_KEY} characters. Remove"
            " it; everybody then has to sign in again."
        )


def _require_encryption_key() -> None:
    try:
        get_keyring()
    except InvalidEncryptionKey as error:
        raise ImproperlyConfigured(str(error)) from None
