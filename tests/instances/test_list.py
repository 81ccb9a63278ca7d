"""GET /api/instances"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from instances.models import Instance, Membership
from instances.roles import Role

URL = "/api/instances"
FIELDS = [
    "id", "slug", "name", "description", "status", "provider", "model",
    "authEnabled", "langsmithEnabled", "langsmithContent", "createdAt", "updatedAt",
]  # fmt: skip


@pytest.fixture
def five(viewer: User, instance: Instance) -> list[str]:
    """Slugs of five instances that the viewer sees, in the order of the answer."""
    for letter in "dbca":
        made = Instance.objects.create(slug=f"{letter}-assistant", name=letter)
        Membership.objects.create(user=viewer, instance=made, role=Role.VIEWER)
    return ["a-assistant", "b-assistant", "c-assistant", "d-assistant", "my-assistant"]


def slugs(client: APIClient, query: str = "") -> list[str]:
    return [each["slug"] for each in client.get(f"{URL}{query}").json()["instances"]]


def test_a_member_sees_the_instances_they_belong_to(
    api: APIClient, instance: Instance, other_instance: Instance
) -> None:
    assert slugs(api) == ["my-assistant"]


def test_an_instance_of_many_members_is_listed_once(
    api: APIClient, owner: User, viewer: User
) -> None:
    assert slugs(api) == ["my-assistant"]


def test_an_instance_is_shown_with_exactly_the_members_of_the_contract(api: APIClient) -> None:
    (shown,) = api.get(URL).json()["instances"]
    assert list(shown) == FIELDS
    assert shown["createdAt"].endswith("Z")
    assert shown["updatedAt"].endswith("Z")


def test_a_superuser_sees_every_instance(
    client_of: Callable[..., APIClient],
    superuser: User,
    instance: Instance,
    other_instance: Instance,
) -> None:
    assert slugs(client_of(superuser)) == ["my-assistant", "other-assistant"]


def test_who_belongs_nowhere_sees_an_empty_list(
    client_of: Callable[..., APIClient], make_user: Callable[..., User], instance: Instance
) -> None:
    assert client_of(make_user("nobody")).get(URL).json() == {"instances": []}


def test_instances_come_by_slug(
    client_of: Callable[..., APIClient], viewer: User, five: list[str]
) -> None:
    assert slugs(client_of(viewer)) == five


def test_pages_join_to_the_whole(
    client_of: Callable[..., APIClient], viewer: User, five: list[str]
) -> None:
    client, seen, query = client_of(viewer), list[str](), "?limit=2"
    while query:
        page = client.get(f"{URL}{query}").json()
        seen += [each["slug"] for each in page["instances"]]
        query = f"?limit=2&after={page['nextAfter']}" if "nextAfter" in page else ""
    assert seen == five


def test_the_last_page_names_no_next_one(
    client_of: Callable[..., APIClient], viewer: User, five: list[str]
) -> None:
    client = client_of(viewer)
    assert client.get(f"{URL}?limit=4").json()["nextAfter"] == "d-assistant"
    assert "nextAfter" not in client.get(f"{URL}?limit=5").json()


def test_a_page_begins_after_a_slug_that_is_no_more(
    client_of: Callable[..., APIClient], viewer: User, five: list[str]
) -> None:
    assert slugs(client_of(viewer), "?after=c-b") == ["d-assistant", "my-assistant"]


@pytest.mark.parametrize("limit", ["1", "200"])
def test_limits_up_to_200_are_allowed(api: APIClient, limit: str) -> None:
    assert slugs(api, f"?limit={limit}") == ["my-assistant"]


def test_other_limits_are_refused_by_name(api: APIClient) -> None:
    for limit in ("0", "201", "-1", "x", "1e9", "9" * 5000):
        response = api.get(f"{URL}?limit={limit}")
        assert response.status_code == 400, limit[:9]
        assert [each["path"] for each in response.json()["errors"]] == ["limit"], limit[:9]


@pytest.mark.parametrize("after", ["%00", "a" * 101])
def test_what_cannot_be_a_slug_is_refused_as_after(api: APIClient, after: str) -> None:
    response = api.get(f"{URL}?after={after}")
    assert response.status_code == 400
    assert [each["path"] for each in response.json()["errors"]] == ["after"]


def test_bytes_that_are_no_text_find_nothing_and_fail_nothing(api: APIClient) -> None:
    assert api.get(f"{URL}?after=%ed%a0%80%ff").status_code == 200


def test_without_credentials_the_answer_asks_for_a_bearer_token(anonymous: APIClient) -> None:
    response = anonymous.get(URL)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
