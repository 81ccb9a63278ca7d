"""What a name and a value may be. Used by the API, by forms and by the verbs themselves."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

MAX_VALUE_BYTES = 49_152
MAX_BATCH = 64

validate_secret_key = RegexValidator(
    r"\A[a-z0-9_]{1,64}\Z",
    "A key is 1 to 64 lowercase letters, digits and underscores.",
    code="invalid_key",
)
validate_env_key = RegexValidator(
    r"\A[A-Za-z_][A-Za-z0-9_]{0,254}\Z",
    "A key is up to 255 letters, digits and underscores, and no digit first.",
    code="invalid_key",
)


def validate_value(value: str) -> None:
    """Raises ValidationError unless ``value`` is at most 49 152 bytes of UTF-8 without NUL."""
    if "\0" in value:
        raise ValidationError("A value cannot have a NUL character.", code="null_character")
    if len(value.encode(errors="surrogatepass")) > MAX_VALUE_BYTES:
        raise ValidationError(
            f"A value has at most {MAX_VALUE_BYTES:,} bytes.", code="value_too_long"
        )


def accepts(validate: Callable[[str], None], text: str) -> bool:
    """Whether a validator accepts a text."""
    try:
        validate(text)
    except ValidationError:
        return False
    return True
