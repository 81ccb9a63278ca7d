"""The keyring that the settings describe."""

from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from polyant.encryption.exceptions import InvalidEncryptionKey
from polyant.encryption.keyring import Keyring

_SETTINGS = ("ENCRYPTION_KEY", "ENCRYPTION_KEY_FALLBACKS")


@cache
def get_keyring() -> Keyring:
    """Keys from ``ENCRYPTION_KEY`` and ``ENCRYPTION_KEY_FALLBACKS``, parsed once a process.

    ``KEY_FAULTS`` may say, by the name of a setting, why it could not be read.

    Raises:
        InvalidEncryptionKey: a setting is missing, malformed, repeated or could not be read.
    """
    faults = getattr(settings, "KEY_FAULTS", {})
    for name in _SETTINGS:
        if name in faults:
            raise InvalidEncryptionKey(faults[name])
    return Keyring.parse(settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS)


def _forget(*, setting: str, **_: Any) -> None:
    if setting in (*_SETTINGS, "KEY_FAULTS"):
        get_keyring.cache_clear()


# The one signal here: Django's own way for a cached setting to follow `override_settings`.
setting_changed.connect(_forget)
