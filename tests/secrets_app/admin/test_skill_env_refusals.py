"""The Skill env tab where something is wrong: nothing is lost, and nothing half done."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from instances.models import AuditEntry, Instance
from polyant.encryption.conf import get_keyring
from secrets_app.models import InstanceSkillEnv
from secrets_app.skill_env_forms import MAX_SHOWN
from tests.secrets_app.admin.skill_env_tab import (
    confirm,
    opened,
    put,
    save,
    send,
    sensitivity,
    stored,
    url_of,
)

Browse = Callable[[User], Client]
OTHER_KEY = "2e" * 32


TWICE = {"new__1__name": "TWICE", "new__1": "MARKER", "new__2__name": "TWICE", "new__2": "MARKER"}
INVALID: dict[str, dict[str, str]] = {
    "a NUL": {"key__TOKEN": "a\0MARKER"},
    "too long": {"key__TOKEN": "MARKER" + "x" * 49_152},
    "line and lines": {"key__TOKEN": "MARKER", "key__TOKEN__lines": "MARKER"},
    "replaced and removed": {"key__TOKEN": "MARKER", "key__TOKEN__clear": "on"},
    "readable and too long": {"text__REGION": "x" * 49_153},
    "edited and removed": {"text__REGION": "us", "remove__REGION": "on"},
    "a hyphen in the name": {"new__1__name": "MARKER-NAME", "new__1": "MARKER"},
    "a digit in front": {"new__1__name": "9MARKER", "new__1": "MARKER"},
    "a key as name": {"new__1__name": "ghp_MARKER6c7e42F292c6912E7710c8383", "new__1": "MARKER"},
    "a name too long": {"new__1__name": "M" * 256, "new__1": "MARKER"},
    "no name": {"new__1": "MARKER"},
    "no value": {"new__1__name": "NO_VALUE"},
    "a name with a field": {"new__1__name": "TOKEN", "new__1": "MARKER"},
    "one name twice": TWICE,
}


def test_bad_input_comes_back_with_messages_at_the_fields_and_no_sensitive_value(
    client: Client, instance: Instance
) -> None:
    put(instance, TOKEN="old", OTHER="old")
    put(instance, REGION="eu", sensitive=False)
    sent = opened(client, instance)
    for name, fields in INVALID.items():
        response = send(client, instance, sent, key__OTHER="MARKER-valid", **fields)
        page = response.content.decode()
        assert response.status_code == 200, name
        assert 'class="errorlist"' in page, name
        assert 'aria-invalid="true"' in page, name
        assert "MARKER" not in page, name
        assert stored(instance) == {"TOKEN": "old", "OTHER": "old", "REGION": "eu"}, name


def test_what_was_valid_waits_and_is_saved_with_the_correction(
    client: Client, instance: Instance
) -> None:
    put(instance, TOKEN="old")
    put(instance, REGION="eu", sensitive=False)
    fields = {"key__TOKEN": "typed", "text__REGION": "us", "new__1__name": "B-D", "new__1": "value"}
    page = save(client, instance, **fields)
    assert page.content.decode().count('placeholder="entered, not saved yet"') == 2
    assert "\nus</textarea>" in page.content.decode()
    again = {**opened(client, instance), "draft": page.context["draft"]}
    assert send(client, instance, again, text__REGION="us", new__1__name="GOOD").status_code == 302
    assert stored(instance) == {"TOKEN": "typed", "REGION": "us", "GOOD": "value"}


def test_a_draft_of_another_skill_is_refused(client: Client, instance: Instance) -> None:
    page = save(client, instance, new__1__name="B-D", new__1="value")
    draft, other = {"draft": page.context["draft"]}, url_of(instance, "other/")
    refused = client.post(other, draft).content.decode()
    assert "belongs to another form or person" in refused
    put(instance, TOKEN="old")
    plan = {"draft": save(client, instance, key__TOKEN__clear="on").context["draft"]}
    said = client.post(f"{other}confirm/", plan, follow=True).content.decode()
    assert "Enter it again; nothing was saved" in said


def test_a_stale_form_says_who_changed_what_and_asks(
    client: Client, instance: Instance, owner: User
) -> None:
    put(instance, TOKEN="old")
    put(instance, REGION="old", UNTOUCHED="old", sensitive=False)
    sent = opened(client, instance)
    put(instance, owner, TOKEN="theirs")
    put(instance, owner, REGION="theirs", UNTOUCHED="theirs", sensitive=False)
    page = send(client, instance, sent, key__TOKEN="mine", text__REGION="mine")
    assert " ".join(page.content.decode().split()).count("owner changed this") == 2
    assert set(stored(instance).values()) == {"theirs"}
    confirm(client, instance, page)
    assert stored(instance) == {"TOKEN": "mine", "REGION": "mine", "UNTOUCHED": "theirs"}


def test_a_variable_that_somebody_added_or_removed_meanwhile_is_asked_about(
    client: Client, instance: Instance, owner: User
) -> None:
    put(instance, TOKEN="old")
    put(instance, REGION="old", sensitive=False)
    sent = opened(client, instance)
    put(instance, owner, NEW="theirs")
    for key in ("TOKEN", "REGION"):
        InstanceSkillEnv.objects.remove(instance, "search", key, owner)
    fields = {"key__TOKEN": "mine", "text__REGION": "mine", "new__1__name": "NEW", "new__1": "mine"}
    page = send(client, instance, sent, **fields)
    assert page.content.decode().count("Somebody removed this") == 2
    assert stored(instance) == {"NEW": "theirs"}
    confirm(client, instance, page)
    assert set(stored(instance).values()) == {"mine"}
    assert sensitivity() == {"TOKEN": True, "REGION": False, "NEW": True}


def test_what_somebody_made_sensitive_meanwhile_stays_so(
    client: Client, instance: Instance, owner: User
) -> None:
    put(instance, REGION="old", EMPTIED="old", UNTOUCHED="old", sensitive=False)
    sent = opened(client, instance)
    put(instance, owner, REGION="theirs", EMPTIED="theirs", UNTOUCHED="theirs")
    page = send(client, instance, sent, text__REGION="mine", text__EMPTIED="")
    assert page.content.decode().count("It is sensitive by now, and stays so.") == 2
    confirm(client, instance, page)
    assert stored(instance) == {"REGION": "mine", "EMPTIED": "theirs", "UNTOUCHED": "theirs"}
    assert set(sensitivity().values()) == {True}


def test_a_form_that_is_sent_twice_says_so(client: Client, instance: Instance) -> None:
    sent = {**opened(client, instance), "new-1-name": "TOKEN", "new-1": "secret"}
    assert send(client, instance, sent).status_code == 302
    page = send(client, instance, sent)
    assert "You changed this yourself" in page.content.decode()
    assert AuditEntry.objects.count() == 1


def test_a_row_that_does_not_open_says_which_key_it_needs_and_spares_the_others(
    client: Client, browse: Browse, viewer: User, instance: Instance, settings: Any
) -> None:
    put(instance, TOKEN="old")
    put(instance, REGION="old", sensitive=False)
    key_id = get_keyring().primary.key_id
    settings.ENCRYPTION_KEY = OTHER_KEY
    put(instance, GOOD="shown", sensitive=False)
    page = client.get(url_of(instance)).content.decode()
    assert page.count(f"The stored value needs encryption key {key_id}") == 2
    assert page.count("What you enter is sensitive.") == 1
    theirs = browse(viewer).get(url_of(instance)).content.decode()
    assert "What you enter" not in theirs
    assert "enter the value again" not in theirs
    assert "\nshown</textarea>" in page
    assert save(client, instance, key__TOKEN="new", key__REGION="new").status_code == 302
    assert stored(instance) == {"TOKEN": "new", "REGION": "new", "GOOD": "shown"}


def test_a_flag_that_was_turned_in_the_database_makes_nothing_readable(
    client: Client, instance: Instance
) -> None:
    put(instance, TOKEN="MARKER")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE instance_skill_env SET sensitive = %s", [False])
    page = client.get(url_of(instance)).content.decode()
    assert "was altered, or copied from another row" in page
    assert save(client, instance, key__TOKEN="MARKER").status_code == 302
    assert sensitivity() == {"TOKEN": True}


def test_a_bent_form_makes_nothing_readable(client: Client, instance: Instance) -> None:
    put(instance, TOKEN="MARKER")
    sent = {**opened(client, instance), "text-TOKEN": "new", "initial-text-TOKEN": ""}
    response = client.post(url_of(instance), sent, follow=True)
    assert "stored as sensitive stays so" in response.content.decode()
    assert stored(instance) == {"TOKEN": "MARKER"}


def test_what_is_too_long_to_be_shown_is_replaced_and_stays_readable(
    client: Client, instance: Instance
) -> None:
    put(instance, **{f"K{n}": "x" * 49_152 for n in range(9)}, SHORT="shown", sensitive=False)
    page = client.get(url_of(instance)).content.decode()
    assert len(page) < 3 * MAX_SHOWN
    assert page.count("Too long to be shown here.") == 5
    assert "\nshown</textarea>" in page
    assert save(client, instance, key__K8="new").status_code == 302
    assert stored(instance)["K8"] == "new"
    assert sensitivity()["K8"] is False


def test_what_was_entered_as_sensitive_stays_so_though_the_key_became_readable_and_long(
    client: Client, instance: Instance
) -> None:
    put(instance, **{f"K{n}": "x" * 48_000 for n in range(4)}, sensitive=False)
    put(instance, ZKEY="secret")
    sent = opened(client, instance)
    InstanceSkillEnv.objects.remove(instance, "search", "ZKEY", None)
    put(instance, ZKEY="y" * 49_000, sensitive=False)
    page = send(client, instance, sent, key__ZKEY="MARKER")
    page = client.get(confirm(client, instance, page)["Location"])
    assert sensitivity()["ZKEY"] is True
    assert "MARKER" not in page.content.decode()


def test_a_viewer_sees_names_and_readable_values_and_no_inputs(
    browse: Browse, viewer: User, instance: Instance
) -> None:
    put(instance, TOKEN="MARKER")
    put(instance, REGION="eu-1", sensitive=False)
    client = browse(viewer)
    for step in ("", "search/"):
        page = client.get(url_of(instance, step)).content.decode()
        main = page[page.index('id="content"') :]
        assert "TOKEN" in main
        assert ("eu-1" in main) == bool(step)
        assert "<input" not in main
        assert "<textarea" not in main
        assert "MARKER" not in main
    for step in ("", "search/", "search/confirm/"):
        assert client.post(url_of(instance, step), {"skill": "x"}).status_code == 403


def test_an_outsider_finds_nothing(browse: Browse, outsider: User, instance: Instance) -> None:
    put(instance, TOKEN="MARKER", REGION="MARKER")
    client = browse(outsider)
    for url in (url_of(instance, step) for step in ("", "search/", "search/confirm/")):
        for response in (client.get(url), client.post(url)):
            assert response.status_code == 404, url
            assert "TOKEN" not in response.content.decode(), url


def test_an_instance_that_was_deleted_meanwhile_is_told_in_words(
    client: Client, instance: Instance
) -> None:
    sent, url = opened(client, instance), url_of(instance)
    instance.delete()
    response = client.post(url, {**sent, "new-1-name": "TOKEN", "new-1": "MARKER"})
    assert response.status_code == 404
    assert "somebody deleted it" in response.content.decode()
    assert "MARKER" not in response.content.decode()


def test_a_bent_page_state_overwrites_nothing(client: Client, instance: Instance) -> None:
    put(instance, TOKEN="old")
    for seen in ("", "x", "[" * 100_000, "[]", "null", '{"TOKEN": 1}', '{"A b": "x"}'):
        sent = {"seen": seen, "new-1-name": "TOKEN", "new-1": "new"}
        assert client.post(url_of(instance), sent).status_code == 200, repr(seen[:30])
        assert stored(instance) == {"TOKEN": "old"}, repr(seen[:30])


def test_the_pages_take_at_most_ten_queries_and_are_not_cached(
    client: Client, instance: Instance, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    put(instance, **{f"K{number}": "x" for number in range(12)})
    put(instance, **{f"R{number}": "x" for number in range(12)}, sensitive=False)
    for step in ("", "search/"):
        with django_assert_max_num_queries(10):
            response = client.get(url_of(instance, step))
        assert "no-store" in response["Cache-Control"]
