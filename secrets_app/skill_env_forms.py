"""The forms of skill env: sensitive variables only go in, readable ones are shown and edited."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.db.models import Field

from polyant.encryption.exceptions import DecryptionError
from polyant.names import validate_is_a_name
from secrets_app.catalog import CUSTOM, WellKnown
from secrets_app.entries import EntriesForm, Problem, Row, name_input, why_unreadable
from secrets_app.models import InstanceSkillEnv
from secrets_app.plan import EnvPlan
from secrets_app.validators import validate_env_key, validate_value

# Shown values come back twice with the form, some characters as three: this fits in a request.
MAX_SHOWN = 200_000

# The flag may have been flipped in the database, to have a credential entered as readable.
_THEN_SENSITIVE = " What you enter is sensitive."
_LONG = Problem("Too long to be shown here.", "What you enter replaces it.")


def _check_skill(skill: str) -> None:
    """Raises ValidationError for what the column does not take."""
    column: Field[str, str] = InstanceSkillEnv._meta.get_field("skill_slug")
    column.run_validators(skill)


class SkillForm(forms.Form):
    """The name of a skill that gets its first variable."""

    skill = forms.CharField(
        label="New skill",
        validators=[_check_skill, validate_is_a_name],
        widget=name_input(_check_skill, "slug, such as web-search"),
        error_messages={"required": "Enter the name of the skill."},
    )


class SkillEnvForm(EntriesForm):
    """The variables of a skill, then blank rows."""

    noun = "variable"
    example = "name, such as SERP_TOKEN"
    max_name_length = 255
    check_name = validate_env_key

    def __init__(
        self,
        stored: Mapping[str, InstanceSkillEnv],
        data: Any = None,
        waiting: Mapping[str, str] | None = None,
    ) -> None:
        looks = {key: _look(row) for key, row in stored.items()}
        self.problems = {key: problem for key, (_, problem) in looks.items()}
        self.texts = {key: text for key, (text, _) in looks.items() if text is not None}
        self.long = _beyond(self.texts, MAX_SHOWN)
        super().__init__(stored, data, waiting)

    def list_keys(self) -> list[str]:
        """The keys that the page showed: nothing was sent for a newer one; it would look empty."""
        return sorted(self.shown)

    def add_key(self, key: str) -> None:
        if not self._is_editable(key):
            self.fields[f"key-{key}"] = self.value_field(f"key-{key}", key, True)
            if self._is_long(key):
                self.fields[f"long-{key}"] = forms.BooleanField(
                    required=False, initial=True, widget=forms.HiddenInput
                )
            return
        self.fields[f"text-{key}"] = _ReadableField(label=key, initial=self.texts.get(key))
        self.fields[f"remove-{key}"] = forms.BooleanField(label="Remove", required=False)

    def add_new(self, number: int) -> None:
        super().add_new(number)
        self.fields[f"new-{number}-sensitive"] = forms.BooleanField(
            label="Sensitive: never shown again", required=False, initial=True
        )

    def clean(self) -> dict[str, Any]:
        for key in filter(self._is_editable, self.keys):
            if self.is_removed(key) and f"text-{key}" in self.changed_data:
                self.add_error(f"text-{key}", "Change the value or tick the box, not both.")
        return super().clean()

    def needs_value(self, number: int) -> bool:
        return bool(self.cleaned_data.get(f"new-{number}-sensitive"))

    def entered(self, key: str) -> str | None:
        if not self._is_editable(key):
            return super().entered(key)
        name = f"text-{key}"
        return str(self.cleaned_data[name]) if name in self.changed_data else None

    def is_removed(self, key: str) -> bool:
        if self._is_editable(key):
            return bool(self.cleaned_data.get(f"remove-{key}"))
        return super().is_removed(key)

    @property
    def plan(self) -> EnvPlan:
        plan = super().plan
        stay = {key for key in self.keys if self._is_editable(key) or self._is_long(key)}
        new = {key for number, key, _ in self.new_entries() if not self.needs_value(number)}
        readable = [key for key in plan.values if key in stay | new]
        return EnvPlan(plan.values, plan.removals, plan.seen, readable=readable)

    def rows(self) -> list[Row]:
        """The variables as the page shows them."""
        return [self.row(key) for key in self.keys]

    def row(self, key: str) -> Row:
        about, row = WellKnown(key, CUSTOM, key, "", ""), self.stored.get(key)
        problem = self.problems.get(key)
        kind = "unreadable" if problem else "readable" if row and not row.sensitive else ""
        if self._is_editable(key):
            field, ticks = self[f"text-{key}"], (self[f"remove-{key}"],)
            return Row(about, row, field, ticks=ticks, kind=kind, is_shown=True)
        name = f"key-{key}"
        is_waiting = name in self.waiting
        problem = _LONG if self._is_long(key) else problem
        return Row(about, row, self[name], is_waiting=is_waiting, problem=problem, kind=kind)

    def new_row(self, name: str) -> Row:
        return replace(super().new_row(name), ticks=(self[f"{name}-sensitive"],))

    def _is_editable(self, key: str) -> bool:
        """Once posted, as the page showed it; later changes are handled by the plan."""
        if self.is_bound:
            return f"text-{key}" in self.data
        return key in self.texts and key not in self.long

    def _is_long(self, key: str) -> bool:
        """Whether the page says that it is readable and too long to be shown.

        Once posted, whether it said so: what went in as sensitive must not become readable.
        """
        return f"long-{key}" in self.data if self.is_bound else key in self.long


class _ReadableField(forms.CharField):
    """A text that is shown. Browsers send CRLF for the line breaks of a textarea."""

    def __init__(self, **kwargs: Any) -> None:
        lines = (kwargs["initial"] or "").count("\n") + 1
        attrs = {"rows": min(lines, 8), "autocomplete": "off", "spellcheck": "false"}
        super().__init__(
            required=False,
            strip=False,
            show_hidden_initial=True,
            widget=forms.Textarea({**attrs, "class": "readable"}),
            validators=[validate_value],
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


def _look(row: InstanceSkillEnv) -> tuple[str | None, Problem | None]:
    """The value of a readable variable, None for another; and why it does not open."""
    # A loaded row holds a stored value, which knows the key it needs.
    key_id = row.value.key_id  # type: ignore[attr-defined]
    if problem := why_unreadable(key_id, SkillEnvForm.noun):
        return None, _with_consequence(problem, row)
    try:
        return (None if row.sensitive else row.reveal_shown()), None
    except DecryptionError:
        return None, _with_consequence(why_unreadable("", SkillEnvForm.noun), row)


def _with_consequence(problem: Problem | None, row: InstanceSkillEnv) -> Problem | None:
    """The same, with what will become of the value that is entered instead."""
    if problem is None or row.sensitive:
        return problem
    return problem._replace(remedy=problem.remedy + _THEN_SENSITIVE)


def _beyond(texts: Mapping[str, str], size: int) -> set[str]:
    """The keys of the longest texts, so that the others have at most ``size`` bytes together."""
    beyond, total = set(), 0
    for key in sorted(texts, key=lambda key: len(texts[key])):
        total += len(texts[key].encode())
        if total > size:
            beyond.add(key)
    return beyond
