"""The one form field for values that are written and never shown.

Blank keeps what is stored, a text replaces it, a tick clears it or drops a text not saved yet.
Nothing that was typed or stored is ever rendered: what must survive a page travels in a ``draft``.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError

WAITING = "entered, not saved yet"
_DROP = "Drop what I entered"
_BROKEN = "The line breaks are lost: a PEM text has several lines."
_SEVERAL = " Enter it under Several lines."


class Typed(NamedTuple):
    """What was sent in the three inputs of a field."""

    line: str = ""
    lines: str = ""
    clear: bool = False

    @property
    def text(self) -> str:
        # Browsers send CRLF for the line breaks of a textarea; a PEM file has LF alone.
        return self.line or self.lines.replace("\r\n", "\n")


class WriteOnlyInput(forms.Widget):
    """A password input, a textarea behind a disclosure, and a tick; rendered without a value.

    Several lines go into the textarea, because browsers drop line breaks from any other input.
    """

    template_name = "encryption/write_only.html"

    def __init__(
        self,
        label: str = "",
        *,
        is_set: bool = False,
        clear: str = "",
        placeholder: str = "",
        is_waiting: bool = False,
        multiline: bool = True,
    ) -> None:
        super().__init__({"spellcheck": "false", "autocapitalize": "off", "autocorrect": "off"})
        self.label = label
        self.is_set = is_set
        self.clear = clear
        self.multiline = multiline
        self.usual_placeholder = placeholder or ("configured" if is_set else "")
        self.show_waiting(is_waiting)

    def show_waiting(self, is_waiting: bool) -> None:
        """Show whether the draft in the page holds a text for this field."""
        self.placeholder = WAITING if is_waiting else self.usual_placeholder

    @property
    def tick(self) -> str:
        """The label of the tick; "" where there is nothing to clear or drop."""
        if self.is_set:
            return self.clear
        return _DROP if self.placeholder == WAITING else ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        cleared = isinstance(value, Typed) and value.clear
        context = super().get_context(name, None, attrs)
        context["widget"] |= {
            "label": self.label,
            "tick": self.tick,
            "cleared": cleared,
            "multiline": self.multiline,
            "placeholder": self.placeholder,
        }
        return context

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Typed:
        clear = bool(self.tick) and f"{name}-clear" in data
        return Typed(data.get(name, ""), data.get(f"{name}-lines", ""), clear)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False


class WriteOnlyField(forms.Field):
    """Cleans to None (keep what is stored), a text (replace it) or "" (clear it).

    ``clear`` is the label of the tick. ``waiting`` is a text that was entered before and is kept
    in a draft: a blank cleans to it, until another text or the tick replaces it. Where nothing
    is stored, the tick drops it, and cleans to None.
    """

    def __init__(
        self,
        *,
        is_set: bool = False,
        waiting: str | None = None,
        clear: str = "Remove",
        label: str = "",
        placeholder: str = "",
        multiline: bool = True,
        **kwargs: Any,
    ) -> None:
        widget = WriteOnlyInput(
            label,
            is_set=is_set,
            clear=clear,
            placeholder=placeholder,
            is_waiting=waiting is not None,
            multiline=multiline,
        )
        super().__init__(required=False, widget=widget, label=label, **kwargs)
        self.is_set = is_set
        self.waiting = waiting

    def clean(self, typed: Typed) -> str | None:
        if typed.line and typed.lines:
            raise ValidationError("Use one of the two inputs, not both.", code="both_inputs")
        if typed.text and typed.clear:
            raise ValidationError("Enter a value or tick the box, not both.", code="ambiguous")
        if typed.clear:
            return "" if self.is_set else None
        if typed.text:
            self._refuse_broken(typed.line)
            self.run_validators(typed.text)
        return typed.text or self.waiting

    def _refuse_broken(self, line: str) -> None:
        # A PEM text whose line breaks are written as \n is complete on one line.
        if "-----BEGIN" in line and "\\n" not in line:
            more = _SEVERAL if self.widget.multiline else ""
            raise ValidationError(_BROKEN + more, code="lost_line_breaks")
