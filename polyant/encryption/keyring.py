"""The keys: one seals, all of them open. Pure Python and ``cryptography``; no Django.

A key is looked up by the id inside the ciphertext, never found by trial, so a wrong key and a
tampered row are told apart and both are named.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from typing import NoReturn, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from polyant.encryption.ciphertext import KEY_ID_LENGTH, NONCE_LENGTH, Ciphertext
from polyant.encryption.exceptions import (
    InvalidEncryptionKey,
    MalformedCiphertext,
    TamperedCiphertext,
    UnknownEncryptionKey,
)

KEY_LENGTH = 32
REMEDY = "Generate a key with: openssl rand -hex 32"

_KEY_ID_LABEL = b"polyant encryption key id v1\x00"
_HEX = re.compile(rf"[0-9a-fA-F]{{{2 * KEY_LENGTH}}}", re.ASCII)


class EncryptionKey:
    """One AES-256 key that shows nothing but its id.

    The id is the first eight bytes of SHA-256 over a label and the key, in hex: long enough to
    tell keys apart, one-way, and the same wherever it is computed. Random nonces hold for 2**32
    values under one key (NIST SP 800-38D section 8.3); rotate long before.
    """

    __slots__ = ("_aead", "key_id")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_LENGTH:
            raise InvalidEncryptionKey(f"a key has {KEY_LENGTH} bytes")
        self.key_id = hashlib.sha256(_KEY_ID_LABEL + key).hexdigest()[:KEY_ID_LENGTH]
        self._aead = AESGCM(key)

    @classmethod
    def parse(cls, text: str, *, variable: str) -> Self:
        """Read a key of 64 hex digits, to which ``variable`` was set.

        Raises:
            InvalidEncryptionKey: names ``variable`` and what is wrong, never the text itself.
        """
        if not text:
            raise InvalidEncryptionKey(f"{variable} is not set. {REMEDY}")
        if not isinstance(text, str) or not _HEX.fullmatch(text):
            raise InvalidEncryptionKey(f"{variable} {_fault(text)}. {REMEDY}")
        return cls(bytes.fromhex(text))

    def seal(self, plaintext: bytes, associated_data: bytes) -> Ciphertext:
        """Encrypt under a fresh random nonce."""
        nonce = os.urandom(NONCE_LENGTH)
        return Ciphertext(self.key_id, nonce, self._aead.encrypt(nonce, plaintext, associated_data))

    def open(self, ciphertext: Ciphertext, associated_data: bytes) -> bytes:
        """Decrypt and authenticate.

        Raises:
            TamperedCiphertext: the text was altered, or belongs to another place.
        """
        try:
            return self._aead.decrypt(ciphertext.nonce, ciphertext.sealed, associated_data)
        except InvalidTag:
            raise TamperedCiphertext(
                "the stored text was altered, or copied from another row"
            ) from None

    def __repr__(self) -> str:
        return f"<EncryptionKey {self.key_id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an encryption key cannot be pickled or copied")


class Keyring:
    """A primary key that seals, and fallbacks that only open."""

    __slots__ = ("_keys", "primary")

    def __init__(self, primary: EncryptionKey, fallbacks: Iterable[EncryptionKey] = ()) -> None:
        self.primary = primary
        self._keys = {key.key_id: key for key in (primary, *fallbacks)}

    @classmethod
    def parse(cls, primary: str, fallbacks: Iterable[str] = ()) -> Self:
        """Read ``ENCRYPTION_KEY`` and ``ENCRYPTION_KEY_FALLBACKS`` as they are set.

        Raises:
            InvalidEncryptionKey: one of them is missing, malformed or given twice.
        """
        keys = [EncryptionKey.parse(primary, variable="ENCRYPTION_KEY")]
        for number, text in enumerate(fallbacks, start=1):
            variable = f"ENCRYPTION_KEY_FALLBACKS (key {number})"
            key = EncryptionKey.parse(text, variable=variable)
            if key.key_id in {known.key_id for known in keys}:
                # A key in both places would be removed as a fallback while it still seals: the
                # operator must have meant another one.
                raise InvalidEncryptionKey(
                    f"{variable} repeats a key that is already configured. {REMEDY}"
                )
            keys.append(key)
        return cls(keys[0], keys[1:])

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Ids of every key that opens, the primary first."""
        return tuple(self._keys)

    def seal(self, plaintext: str, associated_data: bytes) -> str:
        """The text to store for ``plaintext`` at the place that ``associated_data`` names."""
        return str(self.primary.seal(plaintext.encode(), associated_data))

    def open(self, text: str, associated_data: bytes) -> str:
        """The plaintext of a stored text.

        Raises:
            MalformedCiphertext: not our format.
            UnknownEncryptionKey: sealed with a key that is not here; carries its id.
            TamperedCiphertext: altered or moved.
        """
        ciphertext = Ciphertext.parse(text)
        key = self._keys.get(ciphertext.key_id)
        if key is None:
            raise UnknownEncryptionKey(
                f"it needs encryption key {ciphertext.key_id}, which is neither in"
                " ENCRYPTION_KEY nor in ENCRYPTION_KEY_FALLBACKS",
                ciphertext.key_id,
            )
        try:
            return key.open(ciphertext, associated_data).decode()
        except UnicodeDecodeError:
            fault = MalformedCiphertext("the sealed bytes are not text")
        # Raised outside `except`: inside, the original error, which holds the plaintext, would
        # become the `__context__`.
        raise fault

    def __repr__(self) -> str:
        return f"<Keyring {' '.join(self.key_ids)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a keyring cannot be pickled or copied")


def _fault(text: str) -> str:
    """What is wrong with a key, in words that hold no part of it."""
    expected = 2 * KEY_LENGTH
    if len(text) != expected:
        counted = ", spaces included" if text != text.strip() else ""
        return f"must be {expected} hexadecimal characters and has {len(text)}{counted}"
    return f"must be {expected} hexadecimal characters and has others among them"
