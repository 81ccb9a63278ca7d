"""The form of an instance's own settings."""

from typing import TYPE_CHECKING, Any

from django import forms

from instances.models import Instance

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Instance]
else:
    ModelForm = forms.ModelForm

_STALE = (
    "Somebody else changed this instance while you were editing: {names}. What you changed is still"
    " here and not saved yet; save again to keep it. What you did not touch stays as they left it."
)


class InstanceForm(ModelForm):
    """Knows what the page showed, so that saving writes only what the person changed.

    Each field travels with the value it was shown with; ``seen`` says which state of the row.
    """

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Instance
        fields = (
            "slug", "name", "description", "status", "provider", "model", "auth_enabled",
            "langsmith_enabled", "langsmith_content",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_new = self.instance._state.adding
        names = self.fields.keys() - {"seen"}
        self._stored = {name: getattr(self.instance, name) for name in names}
        for name, field in self.fields.items():
            field.show_hidden_initial = name != "seen" and not self._is_new
        if "seen" in self.fields and not self._is_new:
            self.fields["seen"].initial = self.instance.updated_at.isoformat()

    @property
    def changes(self) -> dict[str, Any]:
        """What the person changed, by field, to hand to a verb."""
        names = self.fields.keys() - {"seen"} if self._is_new else {*self.changed_data} - {"seen"}
        return {name: self.cleaned_data[name] for name in names}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        now = self.fields["seen"].initial
        names = self._changed_by_others()
        if not self._is_new and cleaned.get("seen") != now and names:
            self.add_error(None, _STALE.format(names=", ".join(names)))
            # The page that comes back shows the state of now; saving it is then a decision.
            self.data = {**self.data.dict(), "seen": now}  # type: ignore[attr-defined]
        return cleaned

    def _changed_by_others(self) -> list[str]:
        """Labels of touched fields whose stored value is not the one the page showed."""
        touched = [name for name in self.changed_data if name != "seen" and name in self._stored]
        return [
            str(self[name].label)
            for name in touched
            if self.fields[name].has_changed(self._stored[name], self._shown(name))
        ]

    def _shown(self, name: str) -> Any:
        widget = self.fields[name].hidden_widget()
        return widget.value_from_datadict(self.data, self.files, self[name].html_initial_name)
