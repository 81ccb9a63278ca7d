"""What was typed survives between two pages, and is of no use to anybody else."""

import time
from typing import Any

import pytest
from django.test import override_settings

from polyant.encryption.draft import LIFETIME, DraftRefused, open_draft, seal_draft

MINE: dict[str, Any] = {"purpose": "secrets", "user": 7, "owner": "an-instance"}


def test_a_draft_comes_back_and_shows_nothing() -> None:
    text = seal_draft({"openai_api_key": "MARKER"}, **MINE)
    assert "MARKER" not in text
    assert open_draft(text, **MINE) == {"openai_api_key": "MARKER"}


def test_a_draft_of_any_letters_is_a_third_longer_than_its_text() -> None:
    assert len(seal_draft("é" * 1_000, **MINE)) < 2_000 * 4 / 3 + 150
    half_a_pair = {"text": "é\ud800"}
    assert open_draft(seal_draft(half_a_pair, **MINE), **MINE) == half_a_pair


@pytest.mark.parametrize("other", [{"purpose": "channels"}, {"user": 8}, {"owner": "another"}])
def test_a_draft_of_another_person_instance_or_form_is_refused(other: dict[str, Any]) -> None:
    text = seal_draft("MARKER", **MINE)
    with pytest.raises(DraftRefused, match="Enter it again; nothing was saved"):
        open_draft(text, **{**MINE, **other})


@pytest.mark.parametrize("text", ["", "x", "v1.0123456789abcdef." + "A" * 38, "\0", "ä"])
def test_what_is_no_draft_is_refused(text: str) -> None:
    with pytest.raises(DraftRefused):
        open_draft(text, **MINE)


def test_a_draft_that_outlives_its_key_is_told_from_an_altered_one() -> None:
    text = seal_draft("MARKER", **MINE)
    told = pytest.raises(DraftRefused, match="The encryption key was changed")
    with override_settings(ENCRYPTION_KEY="2e" * 32), told:
        open_draft(text, **MINE)


def test_an_altered_draft_is_refused() -> None:
    text = seal_draft("MARKER", **MINE)
    altered = text[:40] + ("A" if text[40] != "A" else "B") + text[41:]
    with pytest.raises(DraftRefused):
        open_draft(altered, **MINE)


def test_an_old_draft_is_refused_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    text = seal_draft("MARKER", **MINE)
    later = time.time() + LIFETIME + 1
    monkeypatch.setattr("time.time", lambda: later)
    with pytest.raises(DraftRefused, match="minutes, which are over"):
        open_draft(text, **MINE)


def test_a_draft_survives_a_rotation_of_the_key() -> None:
    text = seal_draft("kept", **MINE)
    with override_settings(ENCRYPTION_KEY="2e" * 32, ENCRYPTION_KEY_FALLBACKS=["1f" * 32]):
        assert open_draft(text, **MINE) == "kept"
