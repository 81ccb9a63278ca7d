"""The list of instances and the settings of one, in the admin."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import uuid4

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from instances.models import AuditEntry, Instance, Membership
from instances.roles import Role

Browse = Callable[[User], Client]
LIST = "/admin/instances/instance/"


def url_of(instance: Instance, page: str = "change") -> str:
    return f"{LIST}{instance.pk}/{page}/"


def opened(client: Client, instance: Instance) -> dict[str, Any]:
    """What a browser would send back from the settings page, untouched."""
    return shown_in(client.get(url_of(instance)))


def shown_in(response: Any) -> dict[str, Any]:
    """What a browser would send back from a settings page, untouched."""
    form = response.context["adminform"].form
    sent = {}
    for field in form:
        value, shown = (
            field.value(),
            re.search('value="([^"]*)"', field.as_hidden(only_initial=True)),
        )
        if value not in (None, False):
            sent[field.html_name] = value
        sent[field.html_initial_name] = unescape(shown[1]) if shown else ""
    return sent


def test_the_list_shows_name_slug_status_figures_and_last_change(
    browse: Browse, superuser: User, furnished: Instance
) -> None:
    page = browse(superuser).get(LIST).content.decode()
    assert f'<a href="{url_of(furnished, "secrets")}">My assistant</a>' in page
    assert '<td class="field-slug">my-assistant</td>' in page
    assert '<td class="field-secrets_set">1</td>' in page
    assert "field-last_change" in page


def test_an_export_is_no_change(browse: Browse, superuser: User, instance: Instance) -> None:
    client, day = browse(superuser), timezone.now() - timedelta(days=3)
    Instance.objects.update(updated_at=day)
    client.get(url_of(instance, "bundle/download"))
    assert AuditEntry.objects.get().action == "instance.exported"
    assert f"{day:%Y-%m-%d %H:%M}" in client.get(LIST).content.decode()


def test_a_member_finds_own_instances_and_no_others(
    browse: Browse, viewer: User, other_instance: Instance
) -> None:
    page = browse(viewer).get(LIST).content.decode()
    assert "my-assistant" in page
    assert "other-assistant" not in page


def test_search_finds_by_name_and_slug(
    browse: Browse, superuser: User, instance: Instance, other_instance: Instance
) -> None:
    page = browse(superuser).get(LIST, {"q": "other"}).content.decode()
    assert "other-assistant" in page
    assert "my-assistant" not in page


def test_an_instance_is_not_there_for_an_outsider(
    browse: Browse, outsider: User, instance: Instance
) -> None:
    client, none = browse(outsider), Instance(pk=uuid4())
    for page in ("change", "delete", "history", "audit"):
        response = client.get(url_of(instance, page))
        assert "My assistant" not in response.content.decode(), page
        assert client.get(url_of(none, page)).status_code == response.status_code == 404, page


def test_the_settings_tab_has_the_secrets_and_says_configured(
    browse: Browse, viewer: User, furnished: Instance
) -> None:
    page = browse(viewer).get(url_of(furnished, "secrets")).content.decode()
    assert re.search(r'<a href="[^"]*/secrets/" aria-current="page">Settings</a>', page)
    assert f'<a href="{url_of(furnished)}">General</a>' in page


def test_a_member_who_is_not_staff_has_no_admin(instance: Instance, editor: User) -> None:
    client = Client()
    client.force_login(editor, "django.contrib.auth.backends.ModelBackend")
    assert client.get(url_of(instance)).status_code == 302


def test_a_viewer_sees_the_settings_and_no_way_to_change_them(
    browse: Browse, viewer: User, instance: Instance
) -> None:
    client = browse(viewer)
    page = client.get(url_of(instance)).content.decode()
    assert "My assistant" in page
    assert 'name="name"' not in page
    assert "deletelink" not in page
    assert client.post(url_of(instance), {"name": "Taken"}).status_code == 403


def test_the_settings_can_be_saved_and_not_added_to(
    browse: Browse, superuser: User, instance: Instance
) -> None:
    client = browse(superuser)
    page = client.get(url_of(instance)).content.decode()
    assert "Save and add another" not in page
    assert "Callers may sign in with auth_api_key" in page
    response = client.post(url_of(instance), {**opened(client, instance), "name": ""})
    assert "autofocus" in str(response.context["adminform"].form["name"])


def test_an_editor_changes_settings_through_the_verb(
    browse: Browse, editor: User, instance: Instance
) -> None:
    client = browse(editor)
    response = client.post(url_of(instance), {**opened(client, instance), "name": "Renamed"})
    assert response.status_code == 302
    instance.refresh_from_db()
    assert instance.name == "Renamed"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.names, entry.actor) == ("instance.changed", ["name"], "editor")
    assert LogEntry.objects.get().get_change_message() == "Changed Name."


def test_the_slug_is_fixed_after_creation(browse: Browse, editor: User, instance: Instance) -> None:
    client = browse(editor)
    client.post(url_of(instance), {**opened(client, instance), "slug": "new", "name": "Renamed"})
    instance.refresh_from_db()
    assert (instance.slug, instance.name) == ("my-assistant", "Renamed")


def test_saving_without_a_change_writes_nothing(
    browse: Browse, editor: User, instance: Instance
) -> None:
    client = browse(editor)
    assert client.post(url_of(instance), opened(client, instance)).status_code == 302
    assert not AuditEntry.objects.exists()
    assert Instance.objects.get().updated_at == instance.updated_at


def test_what_was_not_touched_keeps_what_somebody_else_wrote_meanwhile(
    browse: Browse, editor: User, owner: User, instance: Instance
) -> None:
    client = browse(editor)
    sent = opened(client, instance)
    Instance.objects.change(instance, owner, status="disabled")
    assert client.post(url_of(instance), {**sent, "name": "Renamed"}).status_code == 302
    instance.refresh_from_db()
    assert (instance.name, instance.status) == ("Renamed", "disabled")


def test_what_both_changed_is_told_and_saved_only_when_asked_again(
    browse: Browse, editor: User, owner: User, instance: Instance
) -> None:
    client = browse(editor)
    sent = {**opened(client, instance), "name": "Mine"}
    Instance.objects.change(instance, owner, name="Theirs")
    response = client.post(url_of(instance), sent)
    assert "while you were editing: Name." in response.content.decode()
    assert "Somebody else changed this to “Theirs”." in response.content.decode()
    assert Instance.objects.get().name == "Theirs"
    client.post(url_of(instance), shown_in(response))
    assert Instance.objects.get().name == "Mine"


def test_a_page_that_comes_back_shows_what_is_stored_but_for_what_was_typed(
    browse: Browse, editor: User, owner: User, instance: Instance
) -> None:
    client = browse(editor)
    sent = {**opened(client, instance), "name": "Mine"}
    theirs = {"name": "Theirs", "status": "disabled", "auth_enabled": True, "description": "a\nb"}
    Instance.objects.change(instance, owner, **theirs)
    response = client.post(url_of(instance), sent)
    again = shown_in(response)
    shown = {"name": "Mine", "status": "disabled", "auth_enabled": True, "description": "a\nb"}
    assert {name: again[name] for name in shown} == shown
    assert "<h1>Theirs</h1>" in response.content.decode()
    del again["auth_enabled"]
    assert client.post(url_of(instance), again).status_code == 302
    instance.refresh_from_db()
    assert (instance.name, instance.status, instance.auth_enabled) == ("Mine", "disabled", False)


def test_the_line_breaks_of_a_description_are_nobodys_change(
    browse: Browse, editor: User, instance: Instance
) -> None:
    client = browse(editor)
    Instance.objects.change(instance, None, description="a\nb")
    sent = {**opened(client, instance), "initial-description": "a\r\nb"}
    assert client.post(url_of(instance), {**sent, "description": "c"}).status_code == 302
    assert Instance.objects.get().description == "c"


def test_creating_takes_the_permission_and_makes_the_creator_an_admin(
    browse: Browse, outsider: User
) -> None:
    client = browse(outsider)
    fields = {"slug": "new-one", "name": "New", "status": "active"}
    assert client.post(f"{LIST}add/", fields).status_code == 403
    outsider.user_permissions.add(Permission.objects.get(codename="add_instance"))
    assert client.post(f"{LIST}add/", fields).status_code == 302
    created = Instance.objects.get(slug="new-one")
    assert created.memberships.get().role == "admin"
    assert AuditEntry.objects.get().action == "instance.created"
    assert LogEntry.objects.get().object_id == str(created.pk)


def test_a_slug_that_is_taken_or_malformed_is_refused_at_its_field(
    browse: Browse, superuser: User, instance: Instance
) -> None:
    client = browse(superuser)
    for slug in ("my-assistant", "Bad Slug", "-x", "x" * 101):
        fields = {"slug": slug, "name": "New", "status": "active"}
        response = client.post(f"{LIST}add/", fields)
        assert response.context["adminform"].form.errors.keys() == {"slug"}, slug
        assert Instance.objects.count() == 1, slug


def test_a_choice_that_there_is_not_is_told_those_there_are_and_not_repeated(
    browse: Browse, editor: User, instance: Instance
) -> None:
    client = browse(editor)
    sent = {**opened(client, instance), "status": "MARKER", "provider": "MARKER"}
    page = client.post(url_of(instance), sent).content.decode()
    assert "Use one of: Active, Disabled." in page
    assert "Use one of: OpenAI, Anthropic." in page
    assert "MARKER is not" not in page


def test_only_an_admin_deletes(
    browse: Browse, editor: User, owner: User, instance: Instance
) -> None:
    confirmed = {"post": "yes"}
    assert browse(editor).post(url_of(instance, "delete"), confirmed).status_code == 403
    assert browse(owner).post(url_of(instance, "delete"), confirmed).status_code == 302
    assert not Instance.objects.exists()
    assert AuditEntry.objects.get().action == "instance.deleted"


def test_the_audit_trail_is_for_admins(
    browse: Browse, owner: User, editor: User, furnished: Instance
) -> None:
    page = browse(owner).get(url_of(furnished, "audit"))
    assert "openai_api_key" in page.content.decode()
    assert "<td>Set secrets</td>" in page.content.decode()
    assert browse(editor).get(url_of(furnished, "audit")).status_code == 403
    assert "no-store" in page["Cache-Control"]


def test_any_page_of_the_audit_trail_answers(
    browse: Browse, owner: User, furnished: Instance
) -> None:
    client = browse(owner)
    for before in ("", "1", "x", "-1", "9" * 40, "٣"):
        response = client.get(url_of(furnished, "audit"), {"before": before})
        assert response.status_code == 200, repr(before)


def test_a_page_takes_at_most_ten_queries_however_many_instances(
    browse: Browse,
    owner: User,
    furnished: Instance,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    many = Instance.objects.bulk_create(Instance(slug=f"more-{n}", name="More") for n in range(30))
    Membership.objects.bulk_create(
        Membership(instance=each, user=owner, role=Role.ADMIN) for each in many
    )
    client = browse(owner)
    pages = [url_of(furnished, page) for page in ("change", "audit", "history", "delete")]
    for path in (LIST, *pages):
        with django_assert_max_num_queries(10, info=path):
            assert client.get(path).status_code == 200, path
