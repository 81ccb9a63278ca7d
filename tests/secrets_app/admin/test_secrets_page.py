"""The Settings tab: values go in, names come out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from instances.models import AuditEntry, Instance
from polyant.encryption.conf import get_keyring
from secrets_app.catalog import WELL_KNOWN_KEYS
from secrets_app.models import InstanceSecret
from tests.secrets_app.admin.secrets_tab import confirm, put, seen_by, send, stored, url_of

Browse = Callable[[User], Client]
Values = dict[str, str]


def test_every_well_known_key_has_a_field_with_a_label_and_a_word_of_help(
    client: Client, instance: Instance
) -> None:
    page = client.get(url_of(instance)).content.decode()
    for key in WELL_KNOWN_KEYS:
        assert f'for="key-{key}"' in page
        assert f'name="key-{key}" autocomplete="new-password"' in page
        assert f'id="key-{key}_helptext"' in page
    for group in ("AI providers", "AWS", "Tools", "Voice", "Observability", "API access", "Custom"):
        assert f">{group}</h2>" in page


def test_a_set_field_says_configured_when_and_by_whom(
    client: Client, instance: Instance, owner: User
) -> None:
    put(instance, owner, openai_api_key="MARKER", custom_key="MARKER")
    page = client.get(url_of(instance)).content.decode()
    row = InstanceSecret.objects.get(key="openai_api_key")
    assert page.count('placeholder="configured"') == 2
    assert f"{row.updated_at:%Y-%m-%d %H:%M}</time> UTC by owner" in page
    assert "MARKER" not in page


def test_what_a_former_user_set_is_not_said_to_be_of_the_system(
    client: Client, instance: Instance, owner: User
) -> None:
    put(instance, owner, custom_key="x")
    owner.delete()
    page = client.get(url_of(instance)).content.decode()
    assert "UTC by a command or a former user</span>" in page


def test_an_old_key_is_not_shown_as_if_all_were_well(client: Client, instance: Instance) -> None:
    put(instance, None, openai_api_key="x", aws_region="x")
    InstanceSecret.objects.update(updated_at=timezone.now() - timedelta(days=366))
    page = client.get(url_of(instance)).content.decode()
    assert page.count(", over a year ago</span>") == page.count('<span class="chip pending">') == 1
    assert page.count('<span class="chip set">') == 1


def test_blank_keeps_and_a_text_replaces(client: Client, instance: Instance) -> None:
    put(instance, None, openai_api_key="old", github_token="kept")
    response = send(client, instance, key__openai_api_key="new", key__github_token="")
    assert response.status_code == 302
    assert stored(instance) == {"openai_api_key": "new", "github_token": "kept"}
    assert InstanceSecret.objects.get(key="github_token").version == 1


def test_several_lines_and_custom_keys_have_a_way_in(client: Client, instance: Instance) -> None:
    fields = {"new__1__name": "deploy_key", "new__1__lines": "-----BEGIN\r\nabc\r\n"}
    assert send(client, instance, **fields).status_code == 302
    assert stored(instance) == {"deploy_key": "-----BEGIN\nabc\n"}


def test_a_tick_removes_after_a_page_that_says_what_stops_working(
    client: Client, instance: Instance
) -> None:
    put(instance, None, openai_api_key="old")
    page = send(client, instance, key__openai_api_key__clear="on", key__github_token="MARKER-typed")
    assert "Answers by OpenAI models fail." in page.content.decode()
    assert "MARKER" not in page.content.decode()
    assert stored(instance) == {"openai_api_key": "old"}
    assert confirm(client, instance, page).status_code == 302
    assert stored(instance) == {"github_token": "MARKER-typed"}


def test_the_history_has_names_and_no_values(
    client: Client, instance: Instance, editor: User
) -> None:
    put(instance, None, github_token="MARKER")
    page = send(client, instance, key__openai_api_key="MARKER", key__github_token__clear="on")
    confirm(client, instance, page)
    entries = AuditEntry.objects.filter(actor=editor.username).order_by("pk")
    assert [(entry.action, entry.names) for entry in entries] == [
        ("secrets.set", ["openai_api_key"]),
        ("secret.deleted", ["github_token"]),
    ]
    message = LogEntry.objects.get().get_change_message()
    assert message == "Secrets: Set openai_api_key. Removed github_token."


def test_a_save_without_anything_entered_changes_nothing(
    client: Client, instance: Instance
) -> None:
    put(instance, None, openai_api_key="kept")
    response = client.post(url_of(instance), {"seen": seen_by(client, instance)}, follow=True)
    assert "Nothing was entered" in response.content.decode()
    assert AuditEntry.objects.count() == 1


def test_a_viewer_sees_names_and_no_inputs(
    browse: Browse, viewer: User, instance: Instance
) -> None:
    put(instance, None, openai_api_key="MARKER")
    client = browse(viewer)
    page = client.get(url_of(instance)).content.decode()
    main = page[page.index('id="content"') :]
    assert "OpenAI API key" in main
    assert "<input" not in main
    assert "<textarea" not in main
    assert client.post(url_of(instance), {"key-openai_api_key": "x"}).status_code == 403
    assert client.get(url_of(instance, "paste/")).status_code == 403


def test_an_outsider_finds_nothing(browse: Browse, outsider: User, instance: Instance) -> None:
    client = browse(outsider)
    for step in ("", "paste/", "confirm/"):
        assert client.get(url_of(instance, step)).status_code == 404, repr(step)
        response = client.post(url_of(instance, step), {"key-openai_api_key": "MARKER"})
        assert response.status_code == 404, repr(step)
        assert "Nothing that you typed was stored" in response.content.decode(), repr(step)
        assert "MARKER" not in response.content.decode(), repr(step)


def test_an_instance_that_was_deleted_meanwhile_is_told_in_words(
    client: Client, instance: Instance
) -> None:
    seen, url = seen_by(client, instance), url_of(instance)
    instance.delete()
    response = client.post(url, {"seen": seen, "key-openai_api_key": "MARKER"})
    assert response.status_code == 404
    assert "somebody deleted it" in response.content.decode()


def test_a_bent_page_state_is_no_error(client: Client, instance: Instance) -> None:
    for seen in ("", "x", "[" * 100_000, "[]", "null", '{"openai_api_key": 1}', '{"A b": "x"}'):
        response = send(client, instance, seen, key__github_token="x")
        assert response.status_code == 302, repr(seen[:30])
        InstanceSecret.objects.remove(instance, "github_token", None)


def test_an_unreadable_row_does_not_disturb_the_page(
    client: Client, browse: Browse, viewer: User, instance: Instance, settings: Any
) -> None:
    put(instance, None, openai_api_key="old")
    key_id = get_keyring().primary.key_id
    settings.ENCRYPTION_KEY = "2e" * 32
    put(instance, None, github_token="readable")
    page = client.get(url_of(instance)).content.decode()
    assert page.count('<span class="chip broken">unreadable</span>') == 1
    assert page.count(f"The stored value needs encryption key {key_id}, which is not") == 1
    assert page.count('<span class="chip set">') == 1
    theirs = browse(viewer).get(url_of(instance)).content.decode()
    assert f"needs encryption key {key_id}, which is not configured here.</p>" in theirs
    assert send(client, instance, key__openai_api_key="new").status_code == 302
    assert stored(instance) == {"openai_api_key": "new", "github_token": "readable"}


def test_surrounding_whitespace_is_kept_and_mentioned(client: Client, instance: Instance) -> None:
    seen = seen_by(client, instance)
    response = client.post(url_of(instance), {"seen": seen, "key-github_token": "x "}, follow=True)
    assert "begins or ends with a space or a line break: github_token" in response.content.decode()
    assert stored(instance) == {"github_token": "x "}


def test_a_page_takes_at_most_ten_queries_and_is_not_cached(
    client: Client, instance: Instance, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    put(instance, None, **{f"custom_{number}": "x" for number in range(12)})
    with django_assert_max_num_queries(10):
        response = client.get(url_of(instance))
    assert "no-store" in response["Cache-Control"]
