"""The write-only form of an instance's secrets."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from polyant.encryption.ciphertext import PREFIX_PATTERN
from polyant.encryption.forms import WriteOnlyField
from secrets_app.catalog import GROUPS, WELL_KNOWN_KEYS, describe_key
from secrets_app.entries import MAX_BYTES, EntriesForm, Row, why_unreadable
from secrets_app.validators import validate_secret_key

_ONE_LINE = {f"key-{key}" for key in WELL_KNOWN_KEYS}


class SecretsForm(EntriesForm):
    """The well-known keys, then the custom ones, then blank rows."""

    noun = "key"
    example = "name, such as hubspot_api_key"
    max_name_length = 64
    check_name = validate_secret_key

    def list_keys(self) -> list[str]:
        return [*WELL_KNOWN_KEYS, *sorted({*super().list_keys()}.difference(WELL_KNOWN_KEYS))]

    def value_field(self, name: str, label: str, is_set: bool, **more: Any) -> WriteOnlyField:
        return super().value_field(
            name,
            label,
            is_set,
            # No well-known key has several lines; a custom one may be a PEM file.
            multiline=name not in _ONE_LINE,
            help_text=describe_key(name.removeprefix("key-")).help,
            **more,
        )

    def row(self, key: str) -> Row:
        row, stored = super().row(key), self.stored.get(key)
        named = stored and PREFIX_PATTERN.fullmatch(stored.prefix)
        problem = why_unreadable(named[1] if named else "", self.noun) if stored else None
        return replace(row, kind="unreadable", problem=problem) if problem else row

    def groups(self) -> Iterator[tuple[str, list[Row]]]:
        """The rows as the page shows them."""
        rows = [self.row(key) for key in self.keys]
        for group in GROUPS:
            yield group, [row for row in rows if row.about.group == group]


def _check_size(text: str) -> None:
    """Raises ValidationError for what would not fit into the draft of its preview."""
    if len(text.encode()) > MAX_BYTES:
        raise ValidationError(f"At most {MAX_BYTES:,} bytes at once.", code="too_large")


class PasteForm(forms.Form):
    """A whole ``.env``. The text is never rendered again."""

    text = forms.CharField(
        label="Lines of a .env file",
        strip=False,
        validators=[_check_size],
        widget=forms.Textarea(
            {"rows": 14, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
        ),
        error_messages={"required": "There is nothing to read; paste some lines first."},
    )
