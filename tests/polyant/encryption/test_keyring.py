"""The keys: one seals, all open, none shows itself."""

import copy
import pickle
from collections.abc import Callable

import pytest

from polyant.encryption.ciphertext import Ciphertext
from polyant.encryption.exceptions import (
    InvalidEncryptionKey,
    MalformedCiphertext,
    TamperedCiphertext,
    UnknownEncryptionKey,
)
from polyant.encryption.keyring import Keyring

OLD, NEW, OTHER = "0a" * 32, "0b" * 32, "0c" * 32


def test_what_a_keyring_seals_it_opens() -> None:
    keyring = Keyring.parse(NEW)
    assert keyring.open(keyring.seal("sk-1", b"place"), b"place") == "sk-1"


def test_the_same_text_never_seals_the_same_way_twice() -> None:
    keyring = Keyring.parse(NEW)
    sealed = [Ciphertext.parse(keyring.seal("sk-1", b"")) for _ in range(1000)]
    assert len({ciphertext.nonce for ciphertext in sealed}) == 1000
    assert len({ciphertext.sealed for ciphertext in sealed}) == 1000


def test_a_fallback_opens_and_does_not_seal() -> None:
    before = Keyring.parse(OLD).seal("sk-1", b"")
    keyring = Keyring.parse(NEW, [OLD])
    assert keyring.open(before, b"") == "sk-1"
    assert Ciphertext.parse(keyring.seal("sk-1", b"")).key_id == keyring.key_ids[0]
    assert Ciphertext.parse(before).key_id == keyring.key_ids[1]


def test_a_key_that_is_not_here_is_named_by_its_id() -> None:
    sealed = Keyring.parse(OLD).seal("sk-1", b"")
    with pytest.raises(UnknownEncryptionKey) as caught:
        Keyring.parse(NEW, [OTHER]).open(sealed, b"")
    assert caught.value.key_id == Ciphertext.parse(sealed).key_id
    assert caught.value.key_id in str(caught.value)


def test_a_known_key_id_over_another_keys_ciphertext_does_not_open() -> None:
    keyring = Keyring.parse(NEW, [OLD])
    sealed = Ciphertext.parse(keyring.seal("sk-1", b""))
    with pytest.raises(TamperedCiphertext):
        keyring.open(str(sealed._replace(key_id=keyring.key_ids[1])), b"")


def test_plaintext_is_not_opened_as_it_stands() -> None:
    with pytest.raises(MalformedCiphertext):
        Keyring.parse(NEW).open("sk-1", b"")


def test_sealed_bytes_that_are_no_text_are_malformed_and_in_no_error() -> None:
    keyring = Keyring.parse(NEW)
    sealed = str(keyring.primary.seal(b"sk-plaintext\xff", b""))
    with pytest.raises(MalformedCiphertext, match="not text") as caught:
        keyring.open(sealed, b"")
    assert caught.value.__context__ is None, "it would quote what was opened"


def test_key_ids_tell_keys_apart_and_hold_no_part_of_them() -> None:
    keyring = Keyring.parse(NEW, [OLD, OTHER])
    assert len(set(keyring.key_ids)) == 3
    for key_id, text in zip(keyring.key_ids, (NEW, OLD, OTHER), strict=True):
        assert len(key_id) == 16
        assert key_id not in text


def test_the_case_of_the_hex_digits_does_not_make_another_key() -> None:
    assert Keyring.parse("AB" * 32).key_ids == Keyring.parse("ab" * 32).key_ids


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("", "is not set", id="missing"),
        pytest.param("0b" * 31, "has 62", id="short"),
        pytest.param("0b" * 33, "has 66", id="long"),
        pytest.param("0b" * 32 + "\n", "has 65, spaces included", id="with a newline"),
        pytest.param("zz" * 32, "has others among them", id="not hex"),
        pytest.param("0x" + "0b" * 31, "has others among them", id="with a prefix"),
        pytest.param("１" * 64, "has others among them", id="digits that are not ASCII"),
    ],
)
def test_a_bad_key_is_refused_with_its_fault_and_the_remedy(text: str, fault: str) -> None:
    with pytest.raises(InvalidEncryptionKey) as caught:
        Keyring.parse(text)
    message = str(caught.value)
    assert message.startswith("ENCRYPTION_KEY ")
    assert fault in message
    assert "openssl rand -hex 32" in message
    assert not text or text.strip() not in message


def test_a_bad_fallback_is_named_by_its_number() -> None:
    with pytest.raises(InvalidEncryptionKey, match=r"ENCRYPTION_KEY_FALLBACKS \(key 2\)"):
        Keyring.parse(NEW, [OLD, "short"])


@pytest.mark.parametrize("fallbacks", [[NEW], [NEW.upper()], [OLD, OLD]])
def test_a_key_given_twice_is_refused(fallbacks: list[str]) -> None:
    with pytest.raises(InvalidEncryptionKey, match="repeats a key") as caught:
        Keyring.parse(NEW, fallbacks)
    assert not any(text.lower() in str(caught.value).lower() for text in fallbacks)


@pytest.mark.parametrize("show", [repr, str, "{}".format, "%r".__mod__, ascii])
def test_keys_show_their_ids_and_nothing_else(show: Callable[[object], str]) -> None:
    keyring = Keyring.parse(NEW, [OLD])
    new, old = keyring.key_ids
    assert show(keyring) == f"<Keyring {new} {old}>"
    assert show(keyring.primary) == f"<EncryptionKey {new}>"


@pytest.mark.parametrize("move", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_key_is_not_pickled_or_copied(move: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        move(Keyring.parse(NEW).primary)


@pytest.mark.parametrize("move", [pickle.dumps, copy.deepcopy])
def test_a_keyring_is_not_pickled_or_copied_in_depth(move: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        move(Keyring.parse(NEW))
