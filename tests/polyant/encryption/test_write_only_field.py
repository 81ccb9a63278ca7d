"""Blank keeps, a text replaces, a tick clears; nothing is rendered."""

import pytest
from django import forms
from django.core.exceptions import ValidationError

from polyant.encryption.forms import WriteOnlyField


def form_of(data: dict[str, str] | None = None, **options: object) -> forms.Form:
    field = WriteOnlyField(label="Key", **options)  # type: ignore[arg-type]
    form = forms.Form(data)
    form.fields["value"] = field
    return form


def cleaned(data: dict[str, str], **options: object) -> object:
    form = form_of(data, **options)
    assert form.is_valid(), form.errors
    return form.cleaned_data["value"]


def test_blank_keeps_a_text_replaces_and_a_tick_clears() -> None:
    assert cleaned({}, is_set=True) is None
    assert cleaned({"value": " new "}, is_set=True) == " new "
    assert cleaned({"value-clear": "on"}, is_set=True) == ""


def test_several_lines_arrive_as_they_were_copied() -> None:
    assert cleaned({"value-lines": "-----BEGIN\r\nabc\r\n"}) == "-----BEGIN\nabc\n"


def test_a_pem_text_that_lost_its_line_breaks_is_refused() -> None:
    form = form_of({"value": "-----BEGIN X-----MARKER-----END X-----"})
    assert "Enter it under Several lines." in str(form.errors)
    assert "MARKER" not in str(form)
    escaped = "-----BEGIN X-----\\nabc\\n-----END X-----"
    assert cleaned({"value": escaped}) == escaped


def test_a_blank_stands_for_what_waits_in_a_draft() -> None:
    assert cleaned({}, waiting="before") == "before"
    assert cleaned({"value": "now"}, waiting="before") == "now"
    assert cleaned({"value-clear": "on"}, waiting="before", is_set=True) == ""


def test_a_tick_for_what_is_not_set_clears_nothing() -> None:
    assert cleaned({"value-clear": "on"}) is None


def test_a_tick_drops_what_waits_where_nothing_is_set() -> None:
    assert cleaned({"value-clear": "on"}, waiting="before") is None
    assert "Drop what I entered" in form_of(waiting="before").as_p()
    assert "Drop what I entered" not in form_of(waiting="before", is_set=True).as_p()


@pytest.mark.parametrize("other", ["value-lines", "value-clear"])
def test_what_contradicts_itself_is_refused(other: str) -> None:
    form = form_of({"value": "MARKER", other: "MARKER"}, is_set=True)
    assert "not both" in str(form.errors)
    assert "MARKER" not in str(form)


def test_nothing_typed_stored_or_waiting_is_rendered() -> None:
    def refuse(_: str) -> None:
        raise ValidationError("Refused.")

    form = form_of({"value": "MARKER"}, is_set=True, waiting="MARKER", validators=[refuse])
    assert not form.is_valid()
    assert "MARKER" not in form.as_p()
    assert 'placeholder="entered, not saved yet"' in form.as_p()


def test_a_set_field_says_configured_and_browsers_are_kept_from_filling_it_in() -> None:
    page = form_of(is_set=True).as_p()
    assert 'placeholder="configured"' in page
    assert 'autocomplete="new-password"' in page
    assert 'spellcheck="false"' in page
    assert "value=" not in page
    assert 'placeholder="configured"' not in form_of().as_p()
