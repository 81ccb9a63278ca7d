"""The Members tab: members see each other, admins decide, somebody always stays admin."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from instances.models import AuditEntry, Instance, Membership
from instances.roles import Role

Browse = Callable[[User], Client]


def url_of(instance: Instance, step: str = "") -> str:
    return f"/admin/instances/instance/{instance.pk}/members/{step}"


def assign(client: Client, instance: Instance, username: str, role: str, seen: str = "") -> Any:
    return client.post(url_of(instance), {"username": username, "role": role, "seen": seen})


def roles() -> dict[str, str]:
    return dict(Membership.objects.values_list("user__username", "role"))


def word(response: Any) -> str:
    """The newest message that the page will show to which a redirect leads."""
    return str([*response.wsgi_request._messages][-1])


@pytest.fixture
def client(browse: Browse, owner: User) -> Client:
    return browse(owner)


def test_every_member_sees_the_members_and_only_an_admin_a_way_to_change_them(
    browse: Browse, client: Client, viewer: User, instance: Instance
) -> None:
    theirs = browse(viewer).get(url_of(instance)).content.decode()
    assert "owner" in theirs
    assert "Admin" in theirs
    assert "<form method" not in theirs.split("<main")[1]
    assert "Add a member" in client.get(url_of(instance)).content.decode()


def test_who_cannot_enter_the_admin_is_marked(
    client: Client, viewer: User, instance: Instance
) -> None:
    assert client.get(url_of(instance)).content.decode().count(">API only</span>") == 1
    User.objects.filter(pk=viewer.pk).update(is_staff=True)
    page = client.get(url_of(instance)).content.decode()
    assert ">API only</span>" not in page
    assert "they use the API only" in page


def test_who_is_no_admin_changes_nothing(
    browse: Browse, owner: User, editor: User, viewer: User, instance: Instance
) -> None:
    for who in (editor, viewer):
        theirs = browse(who)
        assert assign(theirs, instance, who.username, "admin", who.username).status_code == 403
        assert theirs.get(url_of(instance, "owner/remove/")).status_code == 403
        assert theirs.post(url_of(instance, "owner/remove/")).status_code == 403
        assert roles() == {"owner": "admin", "editor": "editor", "viewer": "viewer"}, who


def test_the_members_are_not_there_for_an_outsider(
    browse: Browse, outsider: User, owner: User, instance: Instance
) -> None:
    theirs = browse(outsider)
    assert theirs.get(url_of(instance)).status_code == 404
    assert assign(theirs, instance, "outsider", "admin").status_code == 404
    assert theirs.post(url_of(instance, "owner/remove/")).status_code == 404


def test_an_admin_adds_a_member_through_the_verb(
    client: Client, make_user: Callable[..., User], instance: Instance
) -> None:
    make_user("ada")
    response = assign(client, instance, " ada ", "editor")
    assert response.status_code == 302
    assert word(response) == "ada is editor now."
    assert roles() == {"owner": "admin", "ada": "editor"}
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.names) == (
        "member.assigned", "owner", ["ada: editor"],
    )  # fmt: skip
    assert LogEntry.objects.get().get_change_message() == "Members: ada is editor."


def test_an_admin_changes_a_role(client: Client, viewer: User, instance: Instance) -> None:
    assert assign(client, instance, "viewer", "editor", "viewer").status_code == 302
    assert roles() == {"owner": "admin", "viewer": "editor"}


def test_the_same_sent_twice_is_done_once(
    client: Client, make_user: Callable[..., User], instance: Instance
) -> None:
    make_user("ada")
    for words in ("ada is editor now.", "ada is editor already."):
        assert word(assign(client, instance, "ada", "editor")) == words
    assert AuditEntry.objects.count() == 1


def test_what_somebody_else_changed_meanwhile_is_told_and_not_overwritten(
    client: Client, make_user: Callable[..., User], instance: Instance
) -> None:
    ada = make_user("ada")
    page = assign(client, instance, "ada", "admin", seen="viewer").content.decode()
    assert "ada was removed by somebody else" in page
    assert roles() == {"owner": "admin"}
    Membership.objects.create(instance=instance, user=ada, role=Role.EDITOR)
    for seen in ("viewer", ""):
        page = assign(client, instance, "ada", "admin", seen).content.decode()
        assert "ada is a member already, as editor" in page, repr(seen)
        assert roles() == {"owner": "admin", "ada": "editor"}, repr(seen)
    assert not AuditEntry.objects.exists()


def test_a_name_that_is_nobodys_is_refused_and_not_repeated(
    client: Client, make_user: Callable[..., User], instance: Instance
) -> None:
    make_user("gone", is_active=False)
    for username in ("MARKER", "gone", "", "M" * 151, "MARKER\0", "../MARKER"):
        response = assign(client, instance, username, "editor")
        page = response.content.decode()
        assert response.status_code == 200, repr(username)
        assert "Nothing has been changed." in page, repr(username)
        assert 'value="editor" checked' in page, repr(username)
        assert "MARKER" not in page, repr(username)
        assert "M" * 151 not in page, repr(username)
        assert roles() == {"owner": "admin"}, repr(username)


def test_a_role_that_does_not_exist_is_refused(
    client: Client, viewer: User, instance: Instance
) -> None:
    page = assign(client, instance, "viewer", "MARKER", "viewer").content.decode()
    assert "Use one of: viewer, editor, admin." in page
    assert "MARKER" not in page


def test_the_last_admin_stays_admin_in_words(client: Client, instance: Instance) -> None:
    page = assign(client, instance, "owner", "viewer", "admin").content.decode()
    assert "This is the last admin; make somebody else admin first." in page
    response = client.post(url_of(instance, "owner/remove/"))
    assert "owner is still a member. This is the last admin" in word(response)
    assert roles() == {"owner": "admin"}


def test_removing_asks_first_and_then_counts_at_once(
    browse: Browse, client: Client, viewer: User, instance: Instance
) -> None:
    page = client.get(url_of(instance, "viewer/remove/")).content.decode()
    assert "Remove viewer (Viewer) from My assistant?" in page
    assert "viewer" in roles()
    response = client.post(url_of(instance, "viewer/remove/"))
    assert word(response) == "viewer is no longer a member."
    assert roles() == {"owner": "admin"}
    assert AuditEntry.objects.get().action == "member.removed"
    assert browse(viewer).get(url_of(instance)).status_code == 404


def test_who_is_no_member_any_more_is_not_removed_twice(
    client: Client, viewer: User, instance: Instance
) -> None:
    client.post(url_of(instance, "viewer/remove/"))
    for method in (client.get, client.post):
        response = method(url_of(instance, "viewer/remove/"))
        assert response.status_code == 302
        assert "No member has this name." in word(response)


def test_who_removes_oneself_is_led_to_what_is_left(
    browse: Browse, owner: User, viewer: User, instance: Instance
) -> None:
    Membership.objects.filter(user=viewer).update(role=Role.ADMIN)
    client = browse(viewer)
    assert "Remove yourself" in client.get(url_of(instance, "viewer/remove/")).content.decode()
    response = client.post(url_of(instance, "viewer/remove/"), follow=True)
    assert response.status_code == 200
    assert "You are no longer a member of My assistant." in response.content.decode()


def test_an_instance_that_is_deleted_meanwhile_is_said_to_be_gone(
    client: Client, viewer: User, instance: Instance
) -> None:
    Instance.objects.filter(pk=instance.pk).delete()
    assert assign(client, instance, "viewer", "editor", "viewer").status_code == 404


def test_a_page_takes_at_most_ten_queries_however_many_members(
    client: Client, instance: Instance, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    users = User.objects.bulk_create(User(username=f"user-{number}") for number in range(30))
    Membership.objects.bulk_create(
        Membership(instance=instance, user=user, role=Role.VIEWER) for user in users
    )
    for step in ("", "user-1/remove/"):
        with django_assert_max_num_queries(10, info=repr(step)):
            assert client.get(url_of(instance, step)).status_code == 200, repr(step)


def test_why_the_role_of_a_deactivated_member_stays_is_said(
    client: Client, instance: Instance, viewer: User
) -> None:
    viewer.is_active = False
    viewer.save()
    page = assign(client, instance, "viewer", "editor", seen="viewer").content.decode()
    assert "This account is deactivated and keeps its role" in page
    assert roles()["viewer"] == "viewer"
