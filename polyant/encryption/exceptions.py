"""What can go wrong with a key or a ciphertext: one tree, one root.

No message ever holds plaintext, ciphertext or key material, so each may be shown to a person.
"""


class EncryptionError(Exception):
    """Root of everything this package raises on purpose."""


class InvalidEncryptionKey(EncryptionError, ValueError):
    """A configured key is missing or malformed; the message names the variable and the remedy."""


class BoundColumnChanged(EncryptionError, TypeError):
    """A column that a ciphertext is bound to would change and leave the row unreadable."""


class DecryptionError(EncryptionError):
    """A stored value does not open. ``reason`` is a word for reports and counters."""

    reason = "unreadable"


class MalformedCiphertext(DecryptionError):
    """The stored text is not in our format."""

    reason = "malformed"


class UnknownEncryptionKey(DecryptionError):
    """The stored text needs a key that is not in the keyring."""

    reason = "unknown key"

    def __init__(self, message: str, key_id: str) -> None:
        super().__init__(message, key_id)
        self.key_id = key_id

    def __str__(self) -> str:
        return str(self.args[0])


class TamperedCiphertext(DecryptionError):
    """The key is known, but the text was altered, or copied from another row."""

    reason = "tampered"
