"""The keys that a process cannot work without, asked for before it begins."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import InvalidEncryptionKey


def require_keys() -> None:
    """Return if ``ENCRYPTION_KEY``, ``SECRET_KEY`` and what belongs to them can be used.

    Raises:
        ImproperlyConfigured: one line for the operator: which variable, what is wrong, the remedy.
    """
    try:
        get_keyring()
    except InvalidEncryptionKey as error:
        raise ImproperlyConfigured(str(error)) from None
    for fault in settings.KEY_FAULTS.values():
        raise ImproperlyConfigured(fault)
    try:
        _ = settings.SECRET_KEY
    except ImproperlyConfigured:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Generate one with: openssl rand -hex 32"
        ) from None
