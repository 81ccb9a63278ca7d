"""More than eighty thousand ways to alter or misplace a ciphertext, and none of them opens."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyant.encryption.ciphertext import NONCE_LENGTH, Ciphertext, associated_data
from polyant.encryption.exceptions import DecryptionError, TamperedCiphertext
from polyant.encryption.keyring import Keyring

KEYRING = Keyring.parse("0b" * 32, ["0a" * 32])
PLACE = ("instance_secrets", "value", "59200880-7c91-492a-a7a3-2206d5524542", "openai_api_key")
HERE = associated_data(*PLACE)
EXAMPLES = settings(max_examples=400, deadline=None, database=None)

plaintexts = st.text(max_size=20)
positions = st.integers(min_value=0, max_value=10_000)
parts = st.text(st.characters(codec="utf-8"), max_size=6)
places = st.lists(parts, min_size=4, max_size=4)


def _seal(plaintext: str) -> str:
    text = KEYRING.seal(plaintext, HERE)
    assert KEYRING.open(text, HERE) == plaintext
    return text


def _is_refused(
    text: str, place: bytes = HERE, by: type[DecryptionError] = TamperedCiphertext
) -> None:
    try:
        KEYRING.open(text, place)
    except by:  # eighty thousand times, for which `pytest.raises` needs time of its own
        return
    pytest.fail("It opened.")


@EXAMPLES
@given(plaintexts)
def test_no_flipped_bit_opens(plaintext: str) -> None:
    """Each bit of nonce, ciphertext and tag."""
    prefix, _, encoded = _seal(plaintext).rpartition(".")
    payload = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    for position in range(8 * len(payload)):
        altered = bytearray(payload)
        altered[position // 8] ^= 1 << position % 8
        _is_refused(f"{prefix}.{urlsafe_b64encode(altered).rstrip(b'=').decode()}")


@EXAMPLES
@given(plaintexts, st.characters(codec="utf-8"))
def test_no_other_character_opens(plaintext: str, other: str) -> None:
    """In the place of each."""
    text = _seal(plaintext)
    for at, letter in enumerate(text):
        instead = "\0" if other == letter else other
        _is_refused(text[:at] + instead + text[at + 1 :], by=DecryptionError)


@EXAMPLES
@given(plaintexts, positions)
def test_no_truncation_opens(plaintext: str, position: int) -> None:
    """From a character on, as many as there are."""
    text = _seal(plaintext)
    start = position % len(text)
    for end in range(start + 1, len(text) + 1):
        _is_refused(text[:start] + text[end:], by=DecryptionError)


@EXAMPLES
@given(plaintexts, places)
def test_no_other_table_column_instance_or_row_opens(plaintext: str, others: list[str]) -> None:
    text = _seal(plaintext)
    for which, other in enumerate(others):
        instead = "" if other == PLACE[which] else other
        for elsewhere in (instead, PLACE[which] + "\0", PLACE[which][:-1], PLACE[which - 1]):
            place = associated_data(*PLACE[:which], elsewhere, *PLACE[which + 1 :])
            _is_refused(text, place)


@EXAMPLES
@given(plaintexts, plaintexts)
def test_no_part_of_another_ciphertext_opens(plaintext: str, other: str) -> None:
    ours, theirs = Ciphertext.parse(_seal(plaintext)), Ciphertext.parse(_seal(other))
    # Another key of the keyring, so that the id alone is not what is refused.
    theirs = theirs._replace(key_id=KEYRING.key_ids[1])
    for part in ("key_id", "nonce", "sealed"):
        _is_refused(str(ours._replace(**{part: getattr(theirs, part)})))


@EXAMPLES
@given(st.text(), places)
def test_any_text_comes_back_in_its_place(text: str, place: list[str]) -> None:
    data = associated_data(*place)
    assert KEYRING.open(KEYRING.seal(text, data), data) == text


@EXAMPLES
@given(places, places)
def test_two_places_never_have_the_same_associated_data(one: list[str], other: list[str]) -> None:
    assert (associated_data(*one) == associated_data(*other)) == (one == other)


@EXAMPLES
@given(places, st.integers(0, 2))
def test_no_two_lists_that_join_alike_have_the_same_associated_data(
    place: list[str], cut: int
) -> None:
    joined = [*place[:cut], place[cut] + place[cut + 1], *place[cut + 2 :]]
    assert associated_data(*joined) != associated_data(*place)


@EXAMPLES
@given(st.text())
def test_a_ciphertext_has_one_spelling(text: str) -> None:
    stored = _seal(text)
    assert str(Ciphertext.parse(stored)) == stored
    assert len(Ciphertext.parse(stored).nonce) == NONCE_LENGTH


@EXAMPLES
@given(st.text())
def test_nothing_that_was_not_sealed_opens(text: str) -> None:
    with pytest.raises(DecryptionError):
        KEYRING.open(text, b"")
