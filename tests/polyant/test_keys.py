"""polyant.keys: nothing starts without the keys, or with a variable of theirs that is at fault."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import InvalidEncryptionKey
from polyant.keys import require_keys
from tests.polyant.conftest import refusal

KEYS = ("ENCRYPTION_KEY", "ENCRYPTION_KEY_FALLBACKS")


@pytest.mark.parametrize("name", [*KEYS, "SECRET_KEY", "SECRET_KEY_FALLBACKS", "AUTH_SECRET"])
def test_a_variable_that_could_not_be_read_is_told(settings: Any, name: str) -> None:
    require_keys()
    settings.KEY_FAULTS = {name: f"{name}_FILE cannot be read."}
    with pytest.raises(ImproperlyConfigured, match=f"^{name}_FILE cannot be read.$"):
        require_keys()


@pytest.mark.parametrize("name", KEYS)
def test_a_keyring_that_lacks_a_key_is_none(settings: Any, name: str) -> None:
    settings.KEY_FAULTS = {name: f"{name}_FILE cannot be read."}
    with pytest.raises(InvalidEncryptionKey, match=f"{name}_FILE"):
        get_keyring()


@pytest.mark.parametrize("variable", ["SECRET_KEY", "SECRET_KEY_FALLBACKS"])
def test_a_secret_key_that_can_be_guessed_is_refused(settings: Any, variable: str) -> None:
    longest_refused = "guess-" + "x" * 25
    is_list = variable == "SECRET_KEY_FALLBACKS"
    setattr(settings, variable, [longest_refused] if is_list else longest_refused)
    with pytest.raises(ImproperlyConfigured, match=rf"^{variable} .* 32 characters") as caught:
        require_keys()
    refusal(caught, variable)
    assert "guess" not in str(caught.value)
    assert is_list or "openssl rand -hex 32" in str(caught.value)
    longer = f"{longest_refused}x"
    setattr(settings, variable, [longer] if is_list else longer)
    require_keys()
