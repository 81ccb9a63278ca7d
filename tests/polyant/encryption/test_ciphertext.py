"""The stored format: one spelling, and nothing else is read."""

from contextlib import suppress
from string import ascii_letters, digits

import pytest

from polyant.encryption.ciphertext import Ciphertext, associated_data
from polyant.encryption.exceptions import MalformedCiphertext

KEY_ID = "0123456789abcdef"
PAYLOAD = "A" * 38
TEXT = f"v1.{KEY_ID}.{PAYLOAD}"


def test_the_parts_make_the_text_they_were_read_from() -> None:
    ciphertext = Ciphertext(KEY_ID, bytes(range(12)), b"\xff" * 20)
    assert Ciphertext.parse(str(ciphertext)) == ciphertext


def test_the_text_names_the_format_and_the_key() -> None:
    text = str(Ciphertext(KEY_ID, bytes(12), bytes(16)))
    assert text == TEXT


def test_the_nonce_comes_first_and_the_tag_stays_with_the_ciphertext() -> None:
    ciphertext = Ciphertext.parse(str(Ciphertext(KEY_ID, b"n" * 12, b"ciphertext" + b"t" * 16)))
    assert ciphertext.nonce == b"n" * 12
    assert ciphertext.sealed == b"ciphertext" + b"t" * 16


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("sk-plaintext", id="plaintext"),
        pytest.param(f"v2.{KEY_ID}.{PAYLOAD}", id="another format"),
        pytest.param(f"V1.{KEY_ID}.{PAYLOAD}", id="the format in capitals"),
        pytest.param(f"v1.{KEY_ID.upper()}.{PAYLOAD}", id="the key id in capitals"),
        pytest.param(f"v1.{KEY_ID[1:]}.{PAYLOAD}", id="a short key id"),
        pytest.param(f"v1.{KEY_ID}0.{PAYLOAD}", id="a long key id"),
        pytest.param(f"v1.０１２３４５６７８９abcdef.{PAYLOAD}", id="digits that are not ASCII"),
        pytest.param(f"v1:{KEY_ID}:{PAYLOAD}", id="other separators"),
        pytest.param(f"v1.{KEY_ID}.{PAYLOAD[1:]}", id="no room for nonce and tag"),
        pytest.param(f"{TEXT}==", id="padding"),
        pytest.param(f"{TEXT[:-2]}+/", id="the other base64 alphabet"),
        pytest.param(f"{TEXT[:-1]}B", id="stray trailing bits"),
        pytest.param(f"{TEXT}AAA", id="a length that base64 never has"),
        pytest.param(f"{TEXT}\n", id="a trailing newline"),
        pytest.param(f" {TEXT}", id="leading whitespace"),
        pytest.param(f"{TEXT}\0", id="a trailing NUL"),
        pytest.param(f"{TEXT}.{PAYLOAD}", id="a fourth part"),
    ],
)
def test_another_spelling_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(MalformedCiphertext) as caught:
        Ciphertext.parse(text)
    assert str(caught.value) == "the stored text is not a v1 ciphertext"


def test_associated_data_begins_with_the_format() -> None:
    assert associated_data() == b"\x00\x00\x00\x02v1"


def test_associated_data_counts_bytes_not_characters() -> None:
    assert associated_data("ключ").endswith(b"\x00\x00\x00\x08" + "ключ".encode())


@pytest.mark.parametrize(
    "other", [("ab", "c"), ("abc",), ("abc", ""), ("", "abc"), ("a", "b", "c"), ("bc", "a")]
)
def test_moving_a_character_between_parts_changes_associated_data(other: tuple[str, ...]) -> None:
    assert associated_data("a", "bc") != associated_data(*other)


def test_a_part_that_spells_a_length_prefix_is_not_taken_for_one() -> None:
    assert associated_data("a\x00\x00\x00\x01b") != associated_data("a", "b")


@pytest.mark.parametrize(("size", "readable"), [(28, 4), (29, 16), (30, 64)])
def test_each_last_character_gives_other_bytes_or_is_refused(size: int, readable: int) -> None:
    text = str(Ciphertext(KEY_ID, bytes(12), bytes(size - 12)))
    read = []
    for last in ascii_letters + digits + "-_":
        with suppress(MalformedCiphertext):
            read.append(Ciphertext.parse(text[:-1] + last))
    assert len(read) == len(set(read)) == readable
