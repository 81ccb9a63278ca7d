"""The form of an instance's own settings, and what the forms of other pages share with it."""

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.text import Truncator

from instances.models import Instance
from polyant.exceptions import one_of
from polyant.names import is_a_name

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Instance]
else:
    ModelForm = forms.ModelForm

_STALE = (
    "Somebody else changed this instance while you were editing: {names}. What you changed is still"
    " here and not saved yet; save again to keep it. What you did not touch is as they left it."
)
_THEIRS = "Somebody else changed this to {value}. Save again to keep what you entered."
_MOST_SHOWN = 100


def focus_first_error(form: forms.BaseForm | None) -> None:
    """Put the cursor into the first field that is to be corrected, if there is one."""
    if form is None:
        return
    if name := next((name for name in form.fields if name in form.errors), None):
        form.fields[name].widget.attrs["autofocus"] = True


class CarefulInput(forms.TextInput):
    """Shows a value again only if ``accepts`` takes it: a secret may have been pasted here."""

    def __init__(self, accepts: Callable[[str], bool], **attrs: str) -> None:
        super().__init__({"autocomplete": "off", "spellcheck": "false", **attrs})
        self.accepts = accepts

    def format_value(self, value: Any) -> str | None:
        return str(value) if value and self.accepts(str(value)) else None


class ShownForm(forms.BaseForm):
    """A form whose readable fields are sent together with the values that the page showed.

    This tells the person's changes from those of another user, and saving writes only the former.
    """

    @property
    def overtaken(self) -> list[str]:
        """The fields that the person and another user changed to different values."""
        both = (self[name] for name in self._renewed() if name in self.changed_data)
        return [field.name for field in both if _text(field.data) != _text(field.initial)]

    def show_state_of_now(self) -> None:
        """Let the page that comes back show what is stored now; saving it is then a decision.

        What the person changed stays, with a note of what another user changed it to.
        """
        sent, overtaken = dict(self.data.items()), self.overtaken
        for name in self._renewed():
            field = self[name]
            sent[field.html_initial_name] = _text(field.initial)
            if name in overtaken:
                self.add_error(name, _THEIRS.format(value=_words(field.initial)))
            else:
                sent[field.html_name] = _text(field.initial)
        self.data = sent

    def _renewed(self) -> list[str]:
        """The fields whose stored value is not the one that the page showed."""
        travelling = [name for name, field in self.fields.items() if field.show_hidden_initial]
        return [name for name in travelling if _text(self[name].initial) != self._shown(name)]

    def _shown(self, name: str) -> str:
        return _text(self.data.get(self[name].html_initial_name))


class InstanceForm(ShownForm, ModelForm):
    """The settings of an instance. For a new one, every field counts as changed."""

    class Meta:
        model = Instance
        fields = (
            "slug", "name", "description", "status", "provider", "model", "auth_enabled",
            "langsmith_enabled", "langsmith_content",
        )  # fmt: skip
        help_texts: ClassVar = {
            "auth_enabled": "Callers may sign in with auth_api_key, which is set under Settings."
        }
        widgets: ClassVar = {"slug": CarefulInput(is_a_name)}
        error_messages: ClassVar = {
            "status": {"invalid_choice": one_of(Instance.Status.labels)},
            "provider": {"invalid_choice": one_of(Instance.Provider.labels)},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Edit a copy, so that the page title keeps the stored name.
        self.instance = copy(self.instance)
        self._is_new = self.instance._state.adding
        for field in self.fields.values():
            field.show_hidden_initial = not self._is_new

    @property
    def changes(self) -> dict[str, Any]:
        """What the person changed, by field, to hand to a verb."""
        names = self.fields if self._is_new else self.changed_data
        return {name: self.cleaned_data[name] for name in names}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        names = ", ".join(str(self[name].label) for name in self.overtaken)
        if names:
            self.add_error(None, _STALE.format(names=names))
        if self.errors and not self._is_new:
            self.show_state_of_now()
        return cleaned


def _text(value: Any) -> str:
    """A value as an input holds it; browsers send CRLF for the line breaks of a textarea."""
    return "" if value is None else str(value).replace("\r\n", "\n").strip()


def _words(value: Any) -> str:
    """A value, for people."""
    return f"“{Truncator(_text(value)).chars(_MOST_SHOWN)}”" if value else "blank"
