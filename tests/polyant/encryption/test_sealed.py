"""A value that is not opened shows a mask, wherever it is put by accident."""

import copy
import json
import logging
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.template import Context, Template
from django.utils.html import format_html

from instances.models import Instance
from polyant.encryption.sealed import MASK, Sealed, UnsavedValue
from secrets_app.models import InstanceSecret

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["assigned", "saved", "loaded"])
def row(request: pytest.FixtureRequest, instance: Instance, plaintext: str) -> InstanceSecret:
    """A row at each age: its value was assigned, was just saved, or comes from the database."""
    row = InstanceSecret(instance=instance, key="openai_api_key", value=plaintext)
    if request.param != "assigned":
        row.save()
    return InstanceSecret.objects.get() if request.param == "loaded" else row


WAYS_TO_SHOW: dict[str, Callable[[object], str]] = {
    "str": str,
    "repr": repr,
    "format": format,
    "f-string": lambda value: f"{value}",
    "f-string with repr": lambda value: f"{value!r:}",
    "f-string with a width": lambda value: f"{value:>8.2}",
    "%s": lambda value: "%s" % value,  # noqa: UP031
    "%r": lambda value: "%r" % value,  # noqa: UP031
    "str.format": "{}".format,
    "format_html": lambda value: format_html("{}", value),
    "template": lambda value: Template("{{ v }}").render(Context({"v": value})),
    "template|safe": lambda value: Template("{{ v|safe }}").render(Context({"v": value})),
}


def test_a_value_shows_the_mask_alone(row: InstanceSecret) -> None:
    shown = {name: show(row.value) for name, show in WAYS_TO_SHOW.items()}
    assert shown == dict.fromkeys(WAYS_TO_SHOW, MASK)


def test_the_mask_does_not_tell_the_length() -> None:
    assert str(UnsavedValue("")) == str(UnsavedValue("x" * 1000)) == MASK


def test_the_state_of_a_row_shows_the_mask(row: InstanceSecret, plaintext: str) -> None:
    for show in (str, repr, "{}".format, lambda state: f"{state}"):
        shown = show(row.__dict__)
        assert MASK in shown
        assert plaintext not in shown
        assert "v1." not in shown


def test_logging_a_row_and_its_state_shows_the_mask(
    row: InstanceSecret, plaintext: str, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("tests.sealed")
    logger.warning("%s %r %s", row.value, row.value, row.__dict__)
    assert caplog.text.count(MASK) == 3
    assert plaintext not in caplog.text
    assert "v1." not in caplog.text


WAYS_TO_CARRY: dict[str, Callable[[Any], object]] = {
    "==": lambda value: value == "x",
    "== itself": lambda value: value == value,
    "== from the right": lambda value: "x" == value,  # noqa: SIM300
    "!=": lambda value: value != "x",
    "<": lambda value: value < "x",
    "in a tuple": lambda value: value in ("x", "y"),
    "in it": lambda value: "x" in value,
    "hash": hash,
    "set": lambda value: {value},
    "len": len,
    "list": list,
    "+": lambda value: "x" + value,
    "join": lambda value: "".join([value]),
    "json": json.dumps,
    "Django's json": lambda value: json.dumps([value], cls=DjangoJSONEncoder),
    "pickle": pickle.dumps,
    "copy": copy.copy,
}


def refusal(attempt: Callable[[Any], object], thing: object) -> str:
    """The words of the TypeError; empty if there is none."""
    try:
        attempt(thing)
    except TypeError as error:
        return str(error)
    return ""


def test_a_value_is_not_compared_counted_joined_or_carried_away(row: InstanceSecret) -> None:
    carried = [name for name, carry in WAYS_TO_CARRY.items() if not refusal(carry, row.value)]
    assert carried == []


def test_a_row_is_not_pickled(row: InstanceSecret) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        told = refusal(partial(pickle.dumps, protocol=protocol), row)
        assert "a sealed value is not pickled" in told, protocol


def test_a_copied_row_opens(row: InstanceSecret, plaintext: str) -> None:
    assert copy.deepcopy(row).value.reveal() == plaintext
    assert copy.copy(row).value.reveal() == plaintext


def test_revealing_leaves_no_plaintext_in_the_row(row: InstanceSecret, plaintext: str) -> None:
    assert row.value.reveal() == plaintext
    assert str(row.value) == MASK
    assert plaintext not in str(row.__dict__)


def test_a_value_is_true_even_when_it_is_empty() -> None:
    assert UnsavedValue("")


def test_the_base_of_the_boxes_does_not_open() -> None:
    with pytest.raises(NotImplementedError):
        Sealed[str]().reveal()
