"""A value that is not opened shows a mask, wherever it is put by accident."""

import copy
import json
import logging
import pickle
from collections.abc import Callable

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


@pytest.mark.parametrize(
    "show",
    [
        pytest.param(str, id="str"),
        pytest.param(repr, id="repr"),
        pytest.param(format, id="format"),
        pytest.param(lambda value: f"{value}", id="f-string"),
        pytest.param(lambda value: f"{value!r:}", id="f-string with repr"),
        pytest.param(lambda value: f"{value:>8.2}", id="f-string with a width"),
        pytest.param(lambda value: "%s" % value, id="%s"),  # noqa: UP031
        pytest.param(lambda value: "%r" % value, id="%r"),  # noqa: UP031
        pytest.param("{}".format, id="str.format"),
        pytest.param(lambda value: format_html("{}", value), id="format_html"),
        pytest.param(
            lambda value: Template("{{ v }}").render(Context({"v": value})), id="template"
        ),
        pytest.param(
            lambda value: Template("{{ v|safe }}").render(Context({"v": value})), id="template|safe"
        ),
    ],
)
def test_a_value_shows_the_mask_alone(row: InstanceSecret, show: Callable[[object], str]) -> None:
    assert show(row.value) == MASK


def test_the_mask_does_not_tell_the_length() -> None:
    assert str(UnsavedValue("")) == str(UnsavedValue("x" * 1000)) == MASK


@pytest.mark.parametrize("show", [str, repr, "{}".format, lambda state: f"{state}"])
def test_the_state_of_a_row_shows_the_mask(
    row: InstanceSecret, plaintext: str, show: Callable[[object], str]
) -> None:
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


@pytest.mark.parametrize(
    "compare",
    [
        pytest.param(lambda value: value == "x", id="=="),
        pytest.param(lambda value: value == value, id="== itself"),
        pytest.param(lambda value: "x" == value, id="== from the right"),  # noqa: SIM300
        pytest.param(lambda value: value != "x", id="!="),
        pytest.param(lambda value: value < "x", id="<"),
        pytest.param(lambda value: value in ("x", "y"), id="in a tuple"),
        pytest.param(lambda value: "x" in value, id="in it"),
        pytest.param(hash, id="hash"),
        pytest.param(lambda value: {value}, id="set"),
        pytest.param(len, id="len"),
        pytest.param(list, id="list"),
        pytest.param(lambda value: "x" + value, id="+"),
        pytest.param(lambda value: "".join([value]), id="join"),
        pytest.param(json.dumps, id="json"),
        pytest.param(lambda value: json.dumps([value], cls=DjangoJSONEncoder), id="Django's json"),
        pytest.param(pickle.dumps, id="pickle"),
        pytest.param(copy.copy, id="copy"),
    ],
)
def test_a_value_is_not_compared_counted_joined_or_carried_away(
    row: InstanceSecret, compare: Callable[[object], object]
) -> None:
    with pytest.raises(TypeError):
        compare(row.value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_row_is_not_pickled(row: InstanceSecret, protocol: int) -> None:
    with pytest.raises(TypeError, match="a sealed value is not pickled"):
        pickle.dumps(row, protocol)


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
