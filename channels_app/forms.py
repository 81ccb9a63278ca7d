"""The form of one channel: configuration is shown, credentials only go in."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError

from channels_app.catalog import ChannelType, Member
from channels_app.models import InstanceChannel
from instances.forms import CarefulInput, ShownForm
from polyant.encryption.forms import WAITING, WriteOnlyField

_STALE = (
    "{who} changed this channel while you were editing, at {when:%Y-%m-%d %H:%M:%S} UTC. What you"
    " entered is not saved yet; save again to keep it."
)
_RESTS = " The rest is as they left it."
_REPLACES = " It takes the place of all the credentials that are stored."
_NOTHING = "Enter the credentials that replace what is stored, or delete the channel."
_REMOVES = (
    "Saving again removes: {names}. {losses} It cannot be brought back; you would enter it anew."
    " Untick it to keep what is stored."
)
_GONE = "Somebody disconnected this channel while you were editing. Save again to connect it anew."


class Row(NamedTuple):
    """A member with its field, and whether it is stored; ``is_lost`` if that does not open."""

    member: Member
    field: forms.BoundField
    is_set: bool
    is_waiting: bool
    is_lost: bool


class ChannelForm(ShownForm, forms.Form):
    """``waiting`` is what a draft held, by member. ``problem`` says why the row does not open:
    then everything is to be entered anew."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    asked = forms.CharField(required=False, widget=forms.HiddenInput)
    enabled = forms.BooleanField(required=False, label="Enabled", show_hidden_initial=True)

    def __init__(
        self,
        kind: ChannelType,
        row: InstanceChannel | None,
        data: Any = None,
        waiting: Mapping[str, str] | None = None,
        problem: str = "",
    ) -> None:
        super().__init__(data, auto_id="%s", prefix=kind.slug)
        self.kind, self.row, self.problem = kind, row, problem
        self.waiting = dict(waiting or {})
        self.fields["seen"].initial = row.updated_at.isoformat() if row else ""
        self.fields["enabled"].initial = row.enabled if row else False
        for member in kind.members:
            self.fields[member.name] = self._field(member)
        self.order_fields([*(member.name for member in kind.members), "enabled", "seen"])

    def _field(self, member: Member) -> forms.Field:
        common: dict[str, Any] = {"label": member.label, "help_text": member.where}
        if member.credential:
            return WriteOnlyField(
                is_set=self._has(member),
                waiting=self.waiting.get(member.name),
                multiline=False,
                validators=[_accepted_by(member)],
                **common,
            )
        return forms.CharField(
            required=False,
            initial=self.row.readable.get(member.name, "") if self.row else "",
            show_hidden_initial=True,
            validators=[_accepted_by(member)],
            widget=CarefulInput(member.accepts),
            **common,
        )

    def _has(self, member: Member) -> bool:
        return self._is_stored(member) and not (member.credential and self.problem)

    def _is_stored(self, member: Member) -> bool:
        if self.row is None:
            return False
        names = self.row.credential_names if member.credential else self.row.readable
        return member.name in names

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("enabled"):
            for member in self.kind.members:
                self._refuse_lacking(member)
        stored = self.fields["seen"].initial
        if self.has_changes and self.cleaned_data.get("seen") != stored:
            # The page that comes back shows the state of now; saving it is then a decision.
            self._ask(self._stale(), seen=stored)
        removed = [member for member in self.kind.members if self._is_removed(member)]
        names = ", ".join(member.label for member in removed)
        if names and not self.errors and self.cleaned_data.get("asked") != names:
            losses = " ".join(member.loss for member in removed)
            self._ask(_REMOVES.format(names=names, losses=losses), asked=names)
        if self.problem and not self.errors:
            self._refuse_blank()
        if self.errors:
            self.show_state_of_now()
        return self.cleaned_data

    def _ask(self, question: str, **answer: str) -> None:
        """Send the page back with a question; saving it again, with the answer, is the yes."""
        self.add_error(None, question)
        named = {self.add_prefix(name): text for name, text in answer.items()}
        self.data = dict(self.data.items()) | named

    def _refuse_blank(self) -> None:
        """All that is stored gets replaced, so blank fields would only destroy it."""
        if not self.changes.keys() & set(self.kind.credentials):
            self.add_error(None, _NOTHING)

    def _is_removed(self, member: Member) -> bool:
        return member.credential and self.cleaned_data.get(member.name) == ""

    def _refuse_lacking(self, member: Member) -> None:
        value = self.cleaned_data.get(member.name)
        kept = value is None and self._has(member)
        if member.required and not value and not kept and member.name not in self.errors:
            self.add_error(member.name, "An enabled channel needs this.")

    def _stale(self) -> str:
        if self.row is None:
            return _GONE
        who = self.row.updated_by.get_username() if self.row.updated_by else "Somebody"
        rest = _REPLACES if self.problem else _RESTS
        return _STALE.format(who=who, when=self.row.updated_at) + rest

    @property
    def changes(self) -> dict[str, str | None]:
        """The members that the person changed; None clears one."""
        changed = {
            member.name: self.cleaned_data.get(member.name)
            for member in self.kind.members
            if self._is_changed(member)
        }
        return {name: value or None for name, value in changed.items()}

    @property
    def switched(self) -> bool | None:
        """What was ticked or unticked; None where it was left as the page showed it."""
        return bool(self.cleaned_data["enabled"]) if "enabled" in self.changed_data else None

    @property
    def has_changes(self) -> bool:
        return bool(self.changes) or "enabled" in self.changed_data

    @property
    def whole(self) -> dict[str, str | None]:
        """Every member as it is in the form, for a channel that is replaced."""
        entered = ((member.name, self.cleaned_data[member.name]) for member in self.kind.members)
        return {name: value for name, value in entered if value}

    def _is_changed(self, member: Member) -> bool:
        if member.credential:
            return self.cleaned_data.get(member.name) is not None
        return member.name in self.changed_data

    def break_off(self, problem: str) -> None:
        """The stored credentials did not open: show that they have to be entered anew."""
        self.problem = problem
        self.add_error(None, "Nothing has been saved.")
        for name in self.kind.credentials:
            self.fields[name].widget.is_set = False
            self.fields[name].widget.placeholder = ""

    def keep(self) -> dict[str, str]:
        """Credentials that were typed and are valid, for a draft; their fields say so."""
        typed = {name: self.cleaned_data.get(name) for name in self.kind.credentials}
        self.waiting = {name: value for name, value in typed.items() if value}
        for name in self.waiting:
            self.fields[name].widget.placeholder = WAITING
        return self.waiting

    def rows(self) -> Iterator[Row]:
        """The members as the page shows them."""
        for member in self.kind.members:
            is_waiting = member.name in self.waiting
            is_lost = bool(self.problem) and self._is_stored(member) and member.credential
            yield Row(member, self[member.name], self._has(member), is_waiting, is_lost)


def _accepted_by(member: Member) -> Callable[[str], None]:
    def check(value: str) -> None:
        if not member.accepts(value):
            raise ValidationError(f"This is not valid. {member.hint}", code="invalid")

    return check
