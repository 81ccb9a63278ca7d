"""What may be a name: names are shown to every member, logged and recorded."""

import re

from django.core.exceptions import ValidationError

from polyant.logs import CREDENTIAL

# What tells a key from a name: length and varied hex digits. A name, too, may begin with sk_, or be
# a long row of one letter.
_SHORTEST_CREDENTIAL = 20
_FEWEST_DIGITS = 8
_KEY = re.compile(r"[0-9a-fA-F]{32,}")


def validate_is_a_name(name: str) -> None:
    """Raises ValidationError for what looks like a credential: names are shown and recorded."""
    if any(len({*run}) >= _FEWEST_DIGITS for run in _KEY.findall(name)) or (
        len(name) >= _SHORTEST_CREDENTIAL and re.search("[0-9]", name) and CREDENTIAL.search(name)
    ):
        raise ValidationError(
            "This looks like a credential, and names are shown. Choose another name; a credential"
            " belongs in the value of a secret.",
            code="invalid_key",
        )


def is_a_name(text: str) -> bool:
    """Whether ``validate_is_a_name`` accepts a text."""
    try:
        validate_is_a_name(text)
    except ValidationError:
        return False
    return True
