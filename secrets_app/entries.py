"""The form of named values that only go in: what the forms of secrets and of skill env share."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from django import forms
from django.core.validators import RegexValidator

from instances.forms import CarefulInput
from instances.renewal import latest_due
from polyant.encryption.conf import get_keyring
from polyant.encryption.forms import WriteOnlyField
from polyant.names import is_a_name, validate_is_a_name
from secrets_app.catalog import CUSTOM, LASTING_KEYS, WellKnown, describe_key
from secrets_app.plan import Plan
from secrets_app.validators import MAX_BATCH, accepts, validate_value

NEW_ROWS = 3
# Django accepts 2.5 MB in a request, and a draft is a third longer than what it holds.
MAX_BYTES = 1_000_000

_NEEDS_KEY = "The stored value needs encryption key {}, which is not configured here."
_ADD_KEY = "Add it to ENCRYPTION_KEY_FALLBACKS, or enter the value again, or remove the {}."
_DAMAGED = "The stored value was altered, or copied from another row; no key opens it."
_ENTER_AGAIN = "Enter it again, or remove the {}."
_NAMELESS = "This value needs a name. Saved again without one, it is dropped."


class Problem(NamedTuple):
    """What is wrong with a row, and what those who may change it can do."""

    what: str
    remedy: str


def why_unreadable(key_id: str, noun: str) -> Problem | None:
    """The problem of a row that needs this key, or names none (""); None if the key is here."""
    if key_id in get_keyring().key_ids:
        return None
    if key_id:
        return Problem(_NEEDS_KEY.format(key_id), _ADD_KEY.format(noun))
    return Problem(_DAMAGED, _ENTER_AGAIN.format(noun))


@dataclass(frozen=True)
class Row:
    """A field with what the page says beside it."""

    about: WellKnown
    stored: Any
    field: forms.BoundField | None
    name: forms.BoundField | None = None
    is_waiting: bool = False
    ticks: tuple[forms.BoundField, ...] = ()
    problem: Problem | None = None
    kind: str = ""
    is_shown: bool = False

    @property
    def is_old(self) -> bool:
        """Whether it is a credential that nobody has renewed for a year."""
        is_credential = self.kind != "readable" and self.about.key not in LASTING_KEYS
        return bool(is_credential and self.stored.updated_at < latest_due())


class EntriesForm(forms.Form):
    """A field per key, and a few rows for new ones. ``waiting`` is what a draft held, by field.

    ``seen`` names each key that the page showed as set and how its row was, so that a key that
    has been removed since still has its field, and a change since then is noticed.
    """

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    noun: ClassVar[str]
    example: ClassVar[str]
    max_name_length: ClassVar[int]
    check_name: ClassVar[RegexValidator]

    def __init__(
        self,
        stored: Mapping[str, Any],
        data: Any = None,
        waiting: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(data, auto_id="%s")
        self.stored, self.waiting = stored, waiting or {}
        shown = {key: row.stamp for key, row in stored.items()}
        self.shown = shown if data is None else self._read_seen(data.get("seen", ""))
        self.fields["seen"].initial = json.dumps(shown)
        self.keys = self.list_keys()
        for key in self.keys:
            self.add_key(key)
        for number in range(1, NEW_ROWS + 1):
            self.add_new(number)

    def list_keys(self) -> list[str]:
        """The keys that have a field of their own, in the order of the page."""
        return sorted({*self.stored, *self.shown})

    def add_key(self, key: str) -> None:
        """The fields of a key that has some of its own."""
        is_set = key in self.stored or key in self.shown
        self.fields[f"key-{key}"] = self.value_field(f"key-{key}", describe_key(key).label, is_set)

    def add_new(self, number: int) -> None:
        """The fields of a row for a new key."""
        self.fields[f"new-{number}-name"] = forms.CharField(
            label=f"Name of new {self.noun} {number}",
            required=False,
            max_length=self.max_name_length,
            validators=[self.check_name, validate_is_a_name],
            widget=name_input(self.check_name, self.example),
        )
        label = f"Value of new {self.noun} {number}"
        self.fields[f"new-{number}"] = self.value_field(f"new-{number}", label, False)

    def value_field(self, name: str, label: str, is_set: bool, **more: Any) -> WriteOnlyField:
        """A field that takes a value and shows none."""
        return WriteOnlyField(
            label=label,
            is_set=is_set,
            waiting=self.waiting.get(name),
            validators=[validate_value],
            placeholder="its value" if name.startswith("new-") else "",
            **more,
        )

    def clean(self) -> dict[str, Any]:
        taken: set[str] = set()
        for number in range(1, NEW_ROWS + 1):
            self.clean_new(number, taken)
        entered = [name for name in self._value_names() if self.cleaned_data.get(name)]
        if len(entered) > MAX_BATCH:
            self.add_error(None, f"At most {MAX_BATCH} values at once; save in two steps.")
        if _size({name: self.cleaned_data[name] for name in entered}) > MAX_BYTES:
            self.add_error(None, "This is too much for one form; save in several steps.")
        return self.cleaned_data

    def clean_new(self, number: int, taken: set[str]) -> None:
        """Refuse a new row that is half filled in, or names what is named already."""
        name, field = f"new-{number}-name", f"new-{number}"
        key, value = self.cleaned_data.get(name), self.cleaned_data.get(field)
        if value and key == "":
            self._clean_nameless(name, field)
        if key and value is None and field not in self.errors and self.needs_value(number):
            self.add_error(field, "This name needs a value.")
        if key in self.keys:
            self.add_error(name, "This key has a field of its own above; enter the value there.")
        if key and key in taken:
            self.add_error(name, "This name is entered twice.")
        taken.add(key or "")

    def _clean_nameless(self, name: str, field: str) -> None:
        """Ask for a name once; a value that is sent again from the draft alone is dropped."""
        if self[field].data.text:
            self.add_error(name, _NAMELESS)
        else:
            self.cleaned_data[field] = None

    def needs_value(self, number: int) -> bool:
        """Whether a new row with a name must have a value as well."""
        return True

    def new_entries(self) -> Iterator[tuple[int, str, str]]:
        """Number, key and value of each new row that is filled in, once the form is valid."""
        for number in range(1, NEW_ROWS + 1):
            if key := self.cleaned_data[f"new-{number}-name"]:
                yield number, key, self.cleaned_data[f"new-{number}"] or ""

    def entered(self, key: str) -> str | None:
        """The text to set for a key; None where nothing was entered."""
        return self.cleaned_data[f"key-{key}"] or None

    def is_removed(self, key: str) -> bool:
        """Whether the tick that removes a key was set."""
        return bool(self.cleaned_data[f"key-{key}"] == "")

    @property
    def plan(self) -> Plan:
        """What the person wants, once the form is valid."""
        texts = {key: self.entered(key) for key in self.keys}
        values = {key: text for key, text in texts.items() if text is not None}
        values |= {key: value for _, key, value in self.new_entries()}
        removals = [key for key in self.keys if self.is_removed(key)]
        touched = {*values, *removals}
        seen = {key: stamp for key, stamp in self.shown.items() if key in touched}
        return Plan(values, removals, seen)

    def keep(self) -> dict[str, str]:
        """What was typed and is valid in itself, by field, for a draft; those fields say so."""
        kept: dict[str, str] = {}
        for name in self._value_names():
            more = {**kept, name: self.cleaned_data.get(name) or ""}
            if more[name] and len(more) <= MAX_BATCH and _size(more) <= MAX_BYTES:
                kept = more
        self.waiting = kept
        for name in self._value_names():
            self.fields[name].widget.show_waiting(name in kept)
        return kept

    def row(self, key: str) -> Row:
        """A key as the page shows it."""
        name = f"key-{key}"
        return Row(describe_key(key), self.stored.get(key), self[name], None, name in self.waiting)

    def new_rows(self) -> list[Row]:
        """Blank rows for new keys."""
        return [self.new_row(f"new-{number}") for number in range(1, NEW_ROWS + 1)]

    def new_row(self, name: str) -> Row:
        """A blank row, by the name of its value's field."""
        about = WellKnown("", CUSTOM, "", "", "")
        return Row(about, None, self[name], self[f"{name}-name"], name in self.waiting)

    def _value_names(self) -> list[str]:
        return [name for name, field in self.fields.items() if isinstance(field, WriteOnlyField)]

    def _read_seen(self, text: str) -> dict[str, str]:
        """What the page showed. Altering this field only costs the sender their own warning."""
        try:
            seen = json.loads(text)
        except (ValueError, RecursionError):
            return {}
        pairs = seen.items() if isinstance(seen, dict) else ()
        return {
            key: stamp
            for key, stamp in pairs
            if isinstance(stamp, str) and accepts(self.check_name, key)
        }


def name_input(check: Callable[[str], None], example: str) -> CarefulInput:
    """An input for a name, of a key or of a skill."""

    def is_name(text: str) -> bool:
        return accepts(check, text) and is_a_name(text)

    return CarefulInput(is_name, autocapitalize="off", placeholder=example)


def _size(texts: Mapping[str, str]) -> int:
    return sum(len(text.encode()) for text in texts.values())
