"""The stored format, and nothing else: text in, parts out.

A stored value is one line of ASCII::

    v1.<key id>.<base64url(nonce ‖ ciphertext ‖ tag)>

* ``v1`` names the format. It is authenticated: the associated data begins with it.
* ``key id`` is 16 lower-case hex digits, a labelled hash of the key (see ``keyring``).
* base64url is RFC 4648 section 5 without padding, and canonical: a text that decodes to the same
  bytes but is spelled differently is refused.
* AES-256-GCM as in NIST SP 800-38D: a nonce of 12 random bytes (section 8.2.2), a tag of 16.

The associated data binds the text to its place. It is a list of UTF-8 strings (format, table,
column, then the bound columns' values), each preceded by its length as four big-endian bytes, so
that no two lists give the same bytes:

>>> associated_data("instance_secrets", "value", "a", "bc").hex()
'00000002763100000010696e7374616e63655f736563726574730000000576616c75650000000161000000026263'

The test vector, computed with Node's ``crypto``, is in ``tests/polyant/encryption/vectors.json``.

>>> text = "v1.0123456789abcdef." + "A" * 38
>>> Ciphertext.parse(text).key_id
'0123456789abcdef'
>>> str(Ciphertext.parse(text)) == text
True
>>> Ciphertext.parse("sk-plaintext")
Traceback (most recent call last):
polyant.encryption.exceptions.MalformedCiphertext: the stored text is not a v1 ciphertext
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from math import ceil
from string import ascii_letters, digits
from typing import NamedTuple, Self

from polyant.encryption.exceptions import MalformedCiphertext

FORMAT = "v1"
KEY_ID_LENGTH = 16
NONCE_LENGTH = 12
TAG_LENGTH = 16
# The payload of an empty plaintext: nonce and tag alone, in characters of six bits.
SHORTEST_PAYLOAD = ceil((NONCE_LENGTH + TAG_LENGTH) * 8 / 6)

PREFIX_LENGTH = len(FORMAT) + 1 + KEY_ID_LENGTH + 1
PREFIX_PATTERN = re.compile(rf"{FORMAT}\.([0-9a-f]{{{KEY_ID_LENGTH}}})\.")

_PATTERN = re.compile(rf"{PREFIX_PATTERN.pattern}([A-Za-z0-9_-]{{{SHORTEST_PAYLOAD},}})")
# The characters allowed at the end, by the length modulo 4: their unused bits must be zero, so that
# each byte string has one spelling.
_LAST = (f"{ascii_letters}{digits}-_", "", "AQgw", "AEIMQUYcgkosw048")


def associated_data(*parts: str) -> bytes:
    """The list of ``FORMAT`` and ``parts`` that a ciphertext is bound to."""
    return b"".join(map(length_prefixed, (FORMAT, *parts)))


def length_prefixed(part: str) -> bytes:
    """One string of that list: its length in bytes, and its bytes."""
    text = part.encode()
    return len(text).to_bytes(4, "big") + text


class Ciphertext(NamedTuple):
    """The parts of a stored text. ``sealed`` is AES-GCM's ciphertext with its tag appended."""

    key_id: str
    nonce: bytes
    sealed: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a stored text apart.

        Raises:
            MalformedCiphertext: it is not exactly in the format above.
        """
        match = _PATTERN.fullmatch(text)
        if match is None or text[-1] not in _LAST[len(match[2]) % 4]:
            # No part of the text: if the column holds plaintext, no error may show it.
            raise MalformedCiphertext(f"the stored text is not a {FORMAT} ciphertext")
        key_id, encoded = match.groups()
        payload = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        return cls(key_id, payload[:NONCE_LENGTH], payload[NONCE_LENGTH:])

    def __str__(self) -> str:
        encoded = urlsafe_b64encode(self.nonce + self.sealed).rstrip(b"=")
        return f"{FORMAT}.{self.key_id}.{encoded.decode('ascii')}"
