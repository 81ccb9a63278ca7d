"""The Settings tab where something is wrong: nothing is lost, and nothing half done."""

import json
from collections.abc import Callable

from django.contrib.auth.models import User
from django.test import Client

from instances.models import Instance
from secrets_app.models import InstanceSecret
from tests.secrets_app.admin.secrets_tab import again, confirm, put, seen_by, send, stored, url_of

Browse = Callable[[User], Client]
Values = dict[str, str]


TWICE = {"new__1__name": "twice", "new__1": "MARKER", "new__2__name": "twice", "new__2": "MARKER"}
INVALID: dict[str, Values] = {
    "a NUL": {"key__openai_api_key": "a\0MARKER"},
    "too long": {"key__openai_api_key": "MARKER" + "x" * 49_152},
    "no name of a key": {"new__1__name": "MARKER-NAME", "new__1": "MARKER"},
    "no name at all": {"new__1": "MARKER"},
    "no value": {"new__1__name": "no_value"},
    "a name with a field": {"new__1__name": "openai_api_key", "new__1": "MARKER"},
    "one name twice": TWICE,
    "line and lines": {"key__openai_api_key": "MARKER", "key__openai_api_key__lines": "MARKER"},
}


def test_bad_input_comes_back_with_messages_at_the_fields_and_no_value(
    client: Client, instance: Instance
) -> None:
    seen = seen_by(client, instance)
    for name, fields in INVALID.items():
        response = send(client, instance, seen, key__github_token="MARKER-valid", **fields)
        page = response.content.decode()
        assert response.status_code == 200, name
        assert 'class="errorlist"' in page, name
        assert 'aria-invalid="true"' in page, name
        assert "MARKER" not in page, name
        assert not stored(instance), name


def test_an_error_is_linked_to_and_has_the_cursor(client: Client, instance: Instance) -> None:
    page = send(client, instance, new__2__name="BAD", new__2="x").content.decode()
    assert '<a href="#new-2-name">Name of new key 2</a>: A key is' in page
    [field] = [tag for tag in page.split("<") if "autofocus" in tag]
    assert 'name="new-2-name"' in field


def test_what_was_valid_waits_and_is_saved_with_the_correction(
    client: Client, instance: Instance
) -> None:
    page = send(client, instance, key__github_token="typed", new__1__name="BAD", new__1="value")
    assert page.content.decode().count('placeholder="entered, not saved yet"') == 2
    again(client, instance, page, new__1__name="good")
    assert stored(instance) == {"github_token": "typed", "good": "value"}


def test_a_value_whose_name_is_taken_can_be_entered_above_instead(
    client: Client, instance: Instance
) -> None:
    put(instance, None, mine="old")
    page = send(client, instance, new__1__name="mine", new__1="typed")
    assert "This key has a field of its own above" in page.content.decode()
    assert again(client, instance, page, new__1__name="", key__mine="typed").status_code == 302
    assert stored(instance) == {"mine": "typed"}


def test_a_value_without_a_name_is_asked_about_before_it_is_dropped(
    client: Client, instance: Instance
) -> None:
    page = send(client, instance, new__1="typed")
    assert "Saved again without one, it is dropped." in page.content.decode()
    page = again(client, instance, page, new__2__name="BAD", new__2="kept")
    assert page.content.decode().count('placeholder="entered, not saved yet"') == 1
    assert again(client, instance, page, new__2__name="good").status_code == 302
    assert stored(instance) == {"good": "kept"}


def test_what_was_entered_into_the_wrong_field_can_be_dropped(
    client: Client, instance: Instance
) -> None:
    page = send(client, instance, key__openai_api_key="wrong", new__1__name="BAD", new__1="x")
    assert page.content.decode().count("Drop what I entered") == 2
    page = again(client, instance, page, key__openai_api_key__clear="on", new__1__name="BAD")
    assert page.content.decode().count("Drop what I entered") == 1
    assert again(client, instance, page, new__1__name="good").status_code == 302
    assert stored(instance) == {"good": "x"}


def test_hundreds_of_custom_keys_are_no_hindrance(client: Client, instance: Instance) -> None:
    put(instance, None, **{f"custom_{number}": "x" for number in range(510)})
    rows = InstanceSecret.objects.rows_by_key(instance)
    fields = {f"key-{key}": "" for key in rows} | {f"key-{key}-lines": "" for key in rows}
    seen = json.dumps({key: row.stamp for key, row in rows.items()})
    assert send(client, instance, seen, **fields, key__custom_7="new").status_code == 302
    assert InstanceSecret.objects.reveal(instance, "custom_7") == "new"


def test_a_form_is_measured_in_bytes(client: Client, instance: Instance) -> None:
    fields = {f"key-{key}": "é" * 24_000 for key in (f"custom_{number}" for number in range(21))}
    seen = json.dumps(dict.fromkeys([name.removeprefix("key-") for name in fields], "x"))
    page = send(client, instance, seen, **fields)
    assert "This is too much for one form" in page.content.decode()


def test_a_draft_of_somebody_else_is_refused_and_what_is_typed_now_is_kept(
    client: Client, browse: Browse, owner: User, instance: Instance
) -> None:
    page = send(browse(owner), instance, key__github_token="theirs", new__1__name="BAD")
    refused = send(client, instance, draft=page.context["draft"], key__openai_api_key="mine")
    assert "belongs to another form or person" in refused.content.decode()
    assert not stored(instance)
    again(client, instance, refused)
    assert stored(instance) == {"openai_api_key": "mine"}


def test_a_confirmation_without_a_usable_plan_does_nothing(
    client: Client, instance: Instance
) -> None:
    for draft in ("", "x", "v1.0123456789abcdef." + "A" * 40):
        response = client.post(url_of(instance, "confirm/"), {"draft": draft}, follow=True)
        assert "Enter it again; nothing was saved" in response.content.decode(), repr(draft)
        assert not stored(instance), repr(draft)


def test_a_stale_form_says_who_changed_what_and_asks(
    client: Client, instance: Instance, owner: User
) -> None:
    put(instance, None, openai_api_key="old")
    seen = seen_by(client, instance)
    put(instance, owner, openai_api_key="theirs")
    page = send(client, instance, seen, key__openai_api_key="mine")
    assert "owner changed this" in " ".join(page.content.decode().split())
    assert stored(instance) == {"openai_api_key": "theirs"}
    confirm(client, instance, page)
    assert stored(instance) == {"openai_api_key": "mine"}


def test_a_change_between_the_confirmation_and_its_answer_is_asked_about_again(
    client: Client, instance: Instance, owner: User
) -> None:
    put(instance, None, openai_api_key="old")
    page = send(client, instance, key__openai_api_key__clear="on")
    put(instance, owner, openai_api_key="theirs")
    asked = confirm(client, instance, page)
    assert "owner changed this" in " ".join(asked.content.decode().split())
    assert stored(instance) == {"openai_api_key": "theirs"}


def test_what_was_not_touched_keeps_what_somebody_else_wrote_meanwhile(
    client: Client, instance: Instance, owner: User
) -> None:
    put(instance, None, openai_api_key="old", github_token="old")
    seen = seen_by(client, instance)
    put(instance, owner, github_token="theirs")
    assert send(client, instance, seen, key__openai_api_key="mine").status_code == 302
    assert stored(instance) == {"openai_api_key": "mine", "github_token": "theirs"}


def test_a_custom_key_that_was_removed_meanwhile_loses_nothing_that_was_typed(
    client: Client, instance: Instance
) -> None:
    put(instance, None, mine="old")
    seen = seen_by(client, instance)
    InstanceSecret.objects.remove(instance, "mine", None)
    page = send(client, instance, seen, key__mine="new")
    assert "Somebody removed this" in page.content.decode()
    confirm(client, instance, page)
    assert stored(instance) == {"mine": "new"}


def test_a_form_that_is_sent_twice_says_so(client: Client, instance: Instance) -> None:
    seen = seen_by(client, instance)
    send(client, instance, seen, key__openai_api_key="new")
    page = send(client, instance, seen, key__openai_api_key="new")
    assert "You changed this yourself" in page.content.decode()
    assert InstanceSecret.objects.get().version == 1


def test_a_removal_that_is_confirmed_twice_says_that_nothing_is_left_to_do(
    client: Client, instance: Instance
) -> None:
    put(instance, None, openai_api_key="old")
    page = send(client, instance, key__openai_api_key__clear="on")
    confirm(client, instance, page)
    asked = confirm(client, instance, page)
    assert "nothing left to do" in asked.content.decode()
    assert asked.context["draft"] == ""
