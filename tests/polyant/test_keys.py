"""polyant.keys: nothing starts without the keys, or with a variable of theirs that is at fault."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import InvalidEncryptionKey
from polyant.keys import require_keys

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
