"""The form for a new token."""

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Case, QuerySet, When

from instances.forms import CarefulInput
from instances.managers import MAX_TOKEN_DAYS
from instances.models import Instance
from polyant.names import is_a_name, validate_is_a_name

if TYPE_CHECKING:
    InstancesField = forms.ModelMultipleChoiceField[Instance]
else:
    InstancesField = forms.ModelMultipleChoiceField

MOST_OFFERED = 100
_NOT_ALL = (
    f"The first {MOST_OFFERED} by name. For another one, make the token from the Tokens tab of"
    " that instance."
)


def _is_number(text: str) -> bool:
    return re.fullmatch("[0-9]{1,9}", text) is not None


class _InstancesField(InstancesField):
    def clean(self, value: Any) -> Any:
        """As Django's, whose message for an invalid choice would repeat what was sent.

        Raises:
            ValidationError: with a message of our own.
        """
        try:
            return super().clean(value)
        except forms.ValidationError:
            message = "One of them does not exist any more, or is not yours to use."
            raise forms.ValidationError(message, code="invalid_choice") from None


class TokenForm(forms.Form):
    """What a person wants a new token for. Which instances it may use must be said."""

    # A second click replaces the token: of two, one would never be seen.
    form = forms.CharField(
        required=False, max_length=36, widget=forms.HiddenInput, initial=lambda: str(uuid4())
    )
    label = forms.CharField(
        label="What it is for",
        max_length=100,
        validators=[validate_is_a_name],
        help_text="So that you know later which program stops when you end it.",
        widget=CarefulInput(is_a_name),
    )
    days = forms.IntegerField(
        label="Days until it expires",
        min_value=1,
        max_value=MAX_TOKEN_DAYS,
        widget=CarefulInput(_is_number, type="number", min="1", max=str(MAX_TOKEN_DAYS)),
        error_messages={
            "invalid": "Enter a number of days.",
            "min_value": "At least one day.",
            "max_value": "At most %(limit_value)s days.",
        },
    )
    reach = forms.ChoiceField(
        label="What it may use",
        choices=[
            ("limited", "Only these instances"),
            ("all", "Everything that I may use"),
        ],
        initial="limited",
        error_messages={"invalid_choice": "Choose one of the two."},
        widget=forms.RadioSelect,
    )
    instances = _InstancesField(
        label="Instances",
        queryset=Instance.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, user: User, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, auto_id="%s", initial=initial)
        self.fields["days"].initial = settings.TOKEN_LIFETIME.days
        field = self.fields["instances"]
        assert isinstance(field, _InstancesField)
        field.queryset = Instance.objects.visible_to(user, None)
        # An instance that is not offered is accepted all the same, if the person may see it.
        field.choices, is_all = self._offered(field.queryset)
        field.help_text = "" if is_all else _NOT_ALL

    def _offered(self, visible: QuerySet[Instance]) -> tuple[list[tuple[str, str]], bool]:
        """The first instances by slug, ticked ones in front; and whether these are all."""
        sent = self.data.getlist("instances") if self.is_bound else self.initial.get("instances")  # type: ignore[attr-defined]
        ticked = [*_uuids(sent or ())]
        is_ticked = Case(When(pk__in=ticked, then=0), default=1)
        rows = visible.order_by(is_ticked, "slug").values_list("pk", "slug")
        most = max(MOST_OFFERED, len(ticked))
        found = [(str(pk), slug) for pk, slug in rows[: most + 1]]
        return found[:most], len(found) <= most

    def clean(self) -> dict[str, Any]:
        chosen = self.cleaned_data.get("instances")
        if "instances" not in self.errors and self.cleaned_data.get("reach") == "limited":
            if not chosen:
                self.add_error("instances", "Tick the instances that it may use.")
        elif chosen:
            self.add_error("reach", "Instances are ticked below; decide for one of the two.")
        return self.cleaned_data

    @property
    def limits(self) -> Collection[Instance] | None:
        """The instances to limit the token to; None for no limit."""
        is_limited = self.cleaned_data["reach"] == "limited"
        return self.cleaned_data["instances"] if is_limited else None


def _uuids(texts: Iterable[Any]) -> Iterator[UUID]:
    """Those of ``texts`` that are a UUID."""
    for text in texts:
        with suppress(ValueError):
            yield UUID(str(text))
