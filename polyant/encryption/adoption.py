"""Putting a new key in front of the old one, in ``.env`` and in this process.

The order matters: the file names both keys, durably, before the first row is sealed with the
new one. Whatever happens afterwards, that file opens every row.
"""

import secrets
from pathlib import Path

from django.conf import settings

from polyant.encryption.conf import get_keyring
from polyant.encryption.dotenv import locked, read_variable, rewrite
from polyant.encryption.exceptions import InvalidEncryptionKey
from polyant.encryption.keyring import KEY_LENGTH, EncryptionKey, Keyring
from polyant.environment import shown

PRIMARY, FALLBACKS = "ENCRYPTION_KEY", "ENCRYPTION_KEY_FALLBACKS"


def generate_key() -> str:
    """A new random key of 64 hex digits."""
    return secrets.token_hex(KEY_LENGTH)


def adopt_key(text: str, env_file: Path) -> Keyring:
    """Make ``text`` the primary key, and the former primary the first fallback.

    Raises:
        InvalidEncryptionKey: ``text`` is malformed or known already, or the keys in force do not
            come from ``env_file``, so that changing it would change nothing.
        OSError: the file cannot be rewritten; nothing has changed.
    """
    old = [settings.ENCRYPTION_KEY, *settings.ENCRYPTION_KEY_FALLBACKS]
    _refuse_unusable(text)
    with locked(env_file):
        _refuse_elsewhere(env_file)
        rewrite(env_file, {PRIMARY: text, FALLBACKS: ",".join(old)})
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = text, old
    get_keyring.cache_clear()
    return get_keyring()


def _refuse_unusable(text: str) -> None:
    new = EncryptionKey.parse(text, variable="The new key")
    if new.key_id in get_keyring().key_ids:
        raise InvalidEncryptionKey(
            "The new key cannot be used: it repeats a key that is already configured"
        )


def _refuse_elsewhere(env_file: Path) -> None:
    """Refuse keys from elsewhere. Under the lock: another run may just have changed the file."""
    files = {f"{PRIMARY}_FILE", f"{FALLBACKS}_FILE"}
    overruled = {PRIMARY, FALLBACKS, *files} & settings.ENVIRONMENT_VARIABLES
    # A _FILE variable would differ from the line with the new key, and nothing would start.
    overruled |= {name for name in files if read_variable(env_file, name)}
    written = read_variable(env_file, PRIMARY)
    if overruled or written is None:
        raise InvalidEncryptionKey(
            f"ENCRYPTION_KEY does not come from {shown(env_file)} here. Set the new key where it"
            " comes from, put the old one into ENCRYPTION_KEY_FALLBACKS, and run this without a"
            " new key"
        )
    kept = (read_variable(env_file, FALLBACKS) or "").split(",")
    fallbacks = [*filter(None, map(str.strip, kept))]
    in_force = [settings.ENCRYPTION_KEY, *settings.ENCRYPTION_KEY_FALLBACKS]
    if [written, *fallbacks] != in_force:
        raise InvalidEncryptionKey(
            f"The keys in {shown(env_file)} were changed in the meantime; run this again"
        )
