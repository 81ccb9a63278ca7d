"""GET, PUT and DELETE /api/instances/{slug}/members"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from instances.models import AuditEntry, Instance, Membership
from instances.roles import Role

URL = "/api/instances/my-assistant/members"


@pytest.fixture
def client(client_of: Callable[..., APIClient], owner: User) -> APIClient:
    return client_of(owner)


def roles() -> dict[str, str]:
    return dict(Membership.objects.values_list("user__username", "role"))


def test_members_see_each_other_by_name_and_nobody_else(
    client: APIClient, editor: User, viewer: User, outsider: User
) -> None:
    members = client.get(URL).json()["members"]
    assert [list(each) for each in members] == [["username", "role", "createdAt"]] * 3
    assert [(each["username"], each["role"]) for each in members] == [
        ("editor", "editor"), ("owner", "admin"), ("viewer", "viewer"),
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_an_admin_makes_somebody_a_member(
    client: APIClient, make_user: Callable[..., User], role: str
) -> None:
    make_user("new.one+x@example")
    response = client.put(f"{URL}/new.one+x@example", {"role": role})
    assert response.status_code == 200
    assert response.json()["member"]["username"] == "new.one+x@example"
    assert roles() == {"owner": "admin", "new.one+x@example": role}


def test_a_member_gets_another_role_and_stays_one_member(client: APIClient, viewer: User) -> None:
    assert client.put(f"{URL}/viewer", {"role": "editor"}).status_code == 200
    assert roles() == {"owner": "admin", "viewer": "editor"}


def test_a_role_counts_from_the_next_request_on(
    client: APIClient, client_of: Callable[..., APIClient], viewer: User
) -> None:
    theirs, path = client_of(viewer), "/api/instances/my-assistant"
    assert theirs.patch(path, {"name": "x"}).status_code == 403
    client.put(f"{URL}/viewer", {"role": "editor"})
    assert theirs.patch(path, {"name": "x"}).status_code == 200


def test_a_removed_member_is_gone(client: APIClient, viewer: User) -> None:
    response = client.delete(f"{URL}/viewer")
    assert (response.status_code, response.json()) == (200, {"deleted": True})
    assert client.delete(f"{URL}/viewer").status_code == 404
    assert roles() == {"owner": "admin"}
    assert AuditEntry.objects.latest("pk").names == ["viewer"]


def test_a_role_that_there_is_not_is_told_those_there_are(client: APIClient, viewer: User) -> None:
    for role in ("owner", "", 1, ["admin"]):
        response = client.put(f"{URL}/viewer", {"role": role})
        assert response.status_code == 400, role
        assert response.json()["errors"] == [
            {
                "path": "role",
                "code": "invalid_choice",
                "message": "Use one of: viewer, editor, admin.",
            }
        ], role


def test_who_is_removed_stays_a_member_elsewhere(
    client: APIClient, viewer: User, other_instance: Instance
) -> None:
    other_instance.memberships.create(user=viewer, role=Role.EDITOR)
    client.delete(f"{URL}/viewer")
    assert Membership.objects.get(user=viewer).instance == other_instance


def test_the_last_admin_stays_admin(client: APIClient, editor: User, outsider: User) -> None:
    assert client.put(f"{URL}/owner", {"role": "editor"}).status_code == 409
    assert client.delete(f"{URL}/owner").status_code == 409
    assert roles() == {"owner": "admin", "editor": "editor", "outsider": "admin"}


def test_an_admin_who_is_no_longer_active_is_no_other_admin(
    client: APIClient, editor: User
) -> None:
    client.put(f"{URL}/editor", {"role": "admin"})
    User.objects.filter(pk=editor.pk).update(is_active=False)
    assert client.delete(f"{URL}/owner").status_code == 409
    assert client.delete(f"{URL}/editor").status_code == 200


def test_who_does_not_exist_or_is_not_active_becomes_no_member(
    client: APIClient, make_user: Callable[..., User]
) -> None:
    make_user("gone", is_active=False)
    for name in ("nobody", "gone", "no%00body", "no%0abody"):
        assert client.put(f"{URL}/{name}", {"role": "viewer"}).status_code == 404, name
        assert roles() == {"owner": "admin"}, name


BODIES: list[Any] = [
    {}, {"role": "owner"}, {"role": "ADMIN"}, {"role": ""}, {"role": None}, {"role": 1},
    {"role": ["admin"]}, {"role": {}}, {"role": "viewer", "username": "x"}, [], None,
]  # fmt: skip


def test_other_bodies_are_refused(client: APIClient, viewer: User) -> None:
    for body in BODIES:
        status = client.put(f"{URL}/viewer", body, format="json").status_code
        assert status == 400, repr(body)
        assert roles() == {"owner": "admin", "viewer": "viewer"}, repr(body)


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_demote_each_other_one_gets_a_conflict(
    client_of: Callable[..., APIClient],
    owner: User,
    editor: User,
    instance: Instance,
    together: Callable[..., list[int]],
) -> None:
    Membership.objects.filter(user=editor).update(role=Role.ADMIN)
    body = {"role": "viewer"}
    one, two = client_of(owner), client_of(editor)
    statuses = together(
        lambda: one.put(f"{URL}/editor", body).status_code,
        lambda: two.put(f"{URL}/owner", body).status_code,
        behind=instance,
    )
    assert sorted(statuses) == [200, 409]
    assert sorted(roles().values()) == ["admin", "viewer"]


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_leave_at_once_one_stays(
    client_of: Callable[..., APIClient],
    owner: User,
    editor: User,
    instance: Instance,
    together: Callable[..., list[int]],
) -> None:
    Membership.objects.filter(user=editor).update(role=Role.ADMIN)
    calls = [
        lambda user=user: client_of(user).delete(f"{URL}/{user.username}").status_code
        for user in (owner, editor)
    ]
    assert sorted(together(*calls, behind=instance)) == [200, 409]
    assert list(roles().values()) == ["admin"]
