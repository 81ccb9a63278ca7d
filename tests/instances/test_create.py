"""POST /api/instances"""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError
from django.test import Client
from rest_framework.test import APIClient

from instances.models import AuditEntry, Instance, Membership
from instances.roles import Role

URL = "/api/instances"
WRONG: dict[str, list[Any]] = {
    "name": ["", "n" * 256, None, 5, ["n"], {"n": 1}],
    "description": ["d" * 10_001, 5, [], {}],
    "status": ["", "ACTIVE", None, 1, ["active"], {}],
    "provider": ["google", 0, False, ["openai"], {}],
    "model": ["m" * 101, 5, [], {}],
    "authEnabled": [None, 0, 1, "true", "yes", [], {}],
}


@pytest.fixture
def founder(make_user: Callable[..., User]) -> User:
    """Somebody who may add instances and belongs to none."""
    user = make_user("founder")
    user.user_permissions.add(Permission.objects.get(codename="add_instance"))
    return user


@pytest.fixture
def client(client_of: Callable[..., APIClient], founder: User) -> APIClient:
    return client_of(founder)


def test_a_new_instance_has_the_defaults_of_the_contract(client: APIClient) -> None:
    response = client.post(URL, {"slug": "new", "name": "New"})
    assert response.status_code == 201
    shown = response.json()["instance"]
    assert uuid.UUID(shown.pop("id"))
    assert shown.pop("createdAt") <= shown.pop("updatedAt")
    assert shown == {
        "slug": "new", "name": "New", "description": None, "status": "active",
        "provider": None, "model": None, "authEnabled": False,
        "langsmithEnabled": False, "langsmithContent": False,
    }  # fmt: skip


def test_everything_that_is_given_is_kept(client: APIClient) -> None:
    given = {
        "slug": "a_b-c9", "name": "  Ünï  ", "description": "line\nline", "status": "disabled",
        "provider": "anthropic", "model": "m-1", "authEnabled": True,
    }  # fmt: skip
    shown = client.post(URL, given).json()["instance"]
    assert given.items() <= shown.items()
    assert client.get(f"{URL}/a_b-c9").json()["instance"] == shown


def test_who_creates_an_instance_is_its_first_admin(client: APIClient, founder: User) -> None:
    client.post(URL, {"slug": "new", "name": "New"})
    member = Membership.objects.get(instance__slug="new")
    assert (member.user, member.role) == (founder, Role.ADMIN)


def test_a_taken_slug_is_a_conflict(client: APIClient, instance: Instance) -> None:
    response = client.post(URL, {"slug": "my-assistant", "name": "Mine"})
    assert response.status_code == 409
    assert response.json()["message"] == "This slug is taken; choose another."
    assert not Membership.objects.filter(user__username="founder").exists()


def test_slugs_of_the_pattern_are_accepted(client: APIClient) -> None:
    for slug in ("a", "9", "a" * 100, "a--b__c"):
        assert client.post(URL, {"slug": slug, "name": "n"}).status_code == 201, slug
        assert client.get(f"{URL}/{slug}").json()["instance"]["slug"] == slug


OTHER_SLUGS: list[Any] = [
    "", "A", "-a", "a-", "_a", "a b", "a\n", "a/b", "ä", "a" * 101, None, 1, True, [], {},
]  # fmt: skip


def test_a_slug_that_is_a_credential_is_refused(client: APIClient) -> None:
    response = client.post(URL, {"slug": "sk-proj-a1b2c3d4e5f6a7b8", "name": "n"})
    assert response.status_code == 400
    assert "looks like a credential" in response.json()["message"]
    assert "a1b2" not in str(response.json())


def test_other_slugs_are_refused(client: APIClient) -> None:
    for slug in OTHER_SLUGS:
        response = client.post(URL, {"slug": slug, "name": "n"})
        assert response.status_code == 400, repr(slug)
        assert [each["path"] for each in response.json()["errors"]] == ["slug"], repr(slug)
    assert not Instance.objects.exists()


@pytest.mark.parametrize("member", WRONG)
def test_a_value_of_another_kind_is_refused_at_its_member(client: APIClient, member: str) -> None:
    for value in WRONG[member]:
        response = client.post(URL, {"slug": "new", "name": "New", member: value})
        assert response.status_code == 400, repr(value)[:20]
        assert [each["path"] for each in response.json()["errors"]] == [member], repr(value)[:20]
        assert not Instance.objects.exists(), repr(value)[:20]


def test_slug_and_name_are_needed(client: APIClient) -> None:
    for missing, body in (("slug", {"name": "New"}), ("name", {"slug": "new"})):
        response = client.post(URL, body)
        assert response.status_code == 400, missing
        assert [each["path"] for each in response.json()["errors"]] == [missing]


def test_unknown_members_are_refused(client: APIClient) -> None:
    for member in ("id", "createdAt", "auth_enabled", "owner", "role"):
        response = client.post(URL, {"slug": "new", "name": "New", member: "x"})
        assert response.status_code == 400, member
        assert response.json()["errors"][0]["code"] == "unknown_member", member


def test_an_owner_without_the_permission_creates_nothing(
    client_of: Callable[..., APIClient], owner: User
) -> None:
    response = client_of(owner).post(URL, {"slug": "new", "name": "New"})
    assert response.status_code == 403
    assert not Instance.objects.filter(slug="new").exists()


def test_a_limited_token_creates_nothing(
    client_of: Callable[..., APIClient], superuser: User, instance: Instance
) -> None:
    client = client_of(superuser, instances=[instance])
    assert client.post(URL, {"slug": "new", "name": "New"}).status_code == 403
    assert not Instance.objects.filter(slug="new").exists()


@pytest.mark.django_db(transaction=True)
def test_an_instance_is_not_made_without_its_first_admin() -> None:
    with pytest.raises(IntegrityError):
        Instance.objects.establish(User(pk=404), slug="new", name="New")
    assert not Instance.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_admin_too_says_that_a_slug_was_taken_meanwhile(
    browse: Callable[[User], Client], superuser: User, together: Callable[..., list[Any]]
) -> None:
    clients = [browse(superuser) for _ in range(2)]
    form = {"slug": "new", "name": "New", "status": "active"}

    def create(client: Client) -> str:
        return client.post("/admin/instances/instance/add/", form, follow=True).content.decode()

    pages = together(*[lambda c=c: create(c) for c in clients])
    # One that had asked before the other's row was there is refused by the verb.
    told = ("This slug is taken", "Instance with this Slug already exists")
    assert sum(any(words in page for words in told) for page in pages) == 1
    assert Instance.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_that_take_one_slug_at_once_one_gets_a_conflict(
    client_of: Callable[..., APIClient], founder: User, together: Callable[..., list[int]]
) -> None:
    clients = [client_of(founder) for _ in range(2)]

    def create(client: APIClient) -> int:
        return client.post(URL, {"slug": "new", "name": "New"}).status_code

    assert sorted(together(*[lambda c=c: create(c) for c in clients])) == [201, 409]
