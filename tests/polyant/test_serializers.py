"""Texts that come to a serializer from elsewhere than the parser."""

import pytest
from rest_framework.exceptions import ValidationError

from polyant.serializers import TextField


@pytest.mark.parametrize(("text", "point"), [("\ud83d", "D83D"), ("é\udfff!", "DFFF")])
def test_an_unpaired_surrogate_is_refused_by_its_number(text: str, point: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TextField().run_validation(text)
    assert caught.value.get_codes() == ["surrogate_characters_not_allowed"]
    assert point in str(caught.value.detail)


@pytest.mark.parametrize("text", ["a", "é", "\ud7ff\ue000", "🔑", " x "])
def test_every_character_that_has_a_utf_8_is_kept(text: str) -> None:
    assert TextField().run_validation(text) == text
