"""Ten thousand ways to alter or misplace a ciphertext, and none of them opens."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyant.encryption.ciphertext import NONCE_LENGTH, Ciphertext, associated_data
from polyant.encryption.exceptions import DecryptionError, TamperedCiphertext
from polyant.encryption.keyring import Keyring

KEYRING = Keyring.parse("0b" * 32, ["0a" * 32])
PLACE = ("instance_secrets", "value", "59200880-7c91-492a-a7a3-2206d5524542", "openai_api_key")
TAMPERING = settings(max_examples=2000, deadline=None, database=None)

plaintexts = st.text(max_size=20)
positions = st.integers(min_value=0, max_value=10_000)
parts = st.text(st.characters(codec="utf-8"), max_size=6)
places = st.lists(parts, min_size=4, max_size=4)


def _seal(plaintext: str) -> str:
    text = KEYRING.seal(plaintext, associated_data(*PLACE))
    assert KEYRING.open(text, associated_data(*PLACE)) == plaintext
    return text


@settings(max_examples=250, deadline=None, database=None)
@given(plaintexts, positions)
def test_no_flipped_bit_opens(plaintext: str, position: int) -> None:
    """Eight mutations an example: each bit of one byte of nonce, ciphertext or tag."""
    prefix, _, encoded = _seal(plaintext).rpartition(".")
    payload = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    for bit in range(8):
        altered = bytearray(payload)
        altered[position % len(payload)] ^= 1 << bit
        text = f"{prefix}.{urlsafe_b64encode(altered).rstrip(b'=').decode()}"
        with pytest.raises(TamperedCiphertext):
            KEYRING.open(text, associated_data(*PLACE))


@TAMPERING
@given(plaintexts, positions, st.characters(codec="utf-8"))
def test_no_other_character_opens(plaintext: str, position: int, other: str) -> None:
    text = _seal(plaintext)
    at = position % len(text)
    other = "\0" if other == text[at] else other
    with pytest.raises(DecryptionError):
        KEYRING.open(text[:at] + other + text[at + 1 :], associated_data(*PLACE))


@TAMPERING
@given(plaintexts, positions, positions)
def test_no_truncation_opens(plaintext: str, position: int, length: int) -> None:
    text = _seal(plaintext)
    start = position % len(text)
    end = start + 1 + length % (len(text) - start)
    with pytest.raises(DecryptionError):
        KEYRING.open(text[:start] + text[end:], associated_data(*PLACE))


@TAMPERING
@given(plaintexts, st.integers(0, len(PLACE) - 1), parts)
def test_no_other_table_column_instance_or_row_opens(
    plaintext: str, which: int, other: str
) -> None:
    other = "" if other == PLACE[which] else other
    elsewhere = [*PLACE[:which], other, *PLACE[which + 1 :]]
    with pytest.raises(TamperedCiphertext):
        KEYRING.open(_seal(plaintext), associated_data(*elsewhere))


@TAMPERING
@given(plaintexts, plaintexts, st.sampled_from(["key_id", "nonce", "sealed"]))
def test_no_part_of_another_ciphertext_opens(plaintext: str, other: str, part: str) -> None:
    ours, theirs = Ciphertext.parse(_seal(plaintext)), Ciphertext.parse(_seal(other))
    # Another key of the keyring, so that the id alone is not what is refused.
    theirs = theirs._replace(key_id=KEYRING.key_ids[1])
    mixed = ours._replace(**{part: getattr(theirs, part)})
    with pytest.raises(TamperedCiphertext):
        KEYRING.open(str(mixed), associated_data(*PLACE))


@settings(max_examples=200, deadline=None, database=None)
@given(st.text(), places)
def test_any_text_comes_back_in_its_place(text: str, place: list[str]) -> None:
    data = associated_data(*place)
    assert KEYRING.open(KEYRING.seal(text, data), data) == text


@settings(max_examples=200, deadline=None, database=None)
@given(places, places)
def test_two_places_never_have_the_same_associated_data(one: list[str], other: list[str]) -> None:
    assert (associated_data(*one) == associated_data(*other)) == (one == other)


@settings(max_examples=200, deadline=None, database=None)
@given(places, st.integers(0, 2))
def test_no_two_lists_that_join_alike_have_the_same_associated_data(
    place: list[str], cut: int
) -> None:
    joined = [*place[:cut], place[cut] + place[cut + 1], *place[cut + 2 :]]
    assert associated_data(*joined) != associated_data(*place)


@settings(max_examples=200, deadline=None, database=None)
@given(st.text())
def test_a_ciphertext_has_one_spelling(text: str) -> None:
    stored = _seal(text)
    assert str(Ciphertext.parse(stored)) == stored
    assert len(Ciphertext.parse(stored).nonce) == NONCE_LENGTH


@settings(max_examples=200, deadline=None, database=None)
@given(st.text())
def test_nothing_that_was_not_sealed_opens(text: str) -> None:
    with pytest.raises(DecryptionError):
        KEYRING.open(text, b"")
