"""PATCH /api/instances/{slug}"""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from instances.models import Instance

URL = "/api/instances/my-assistant"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", "Renamed"), ("description", "Some\ntext"), ("description", ""),
        ("status", "disabled"), ("provider", "openai"), ("model", "m-1"), ("authEnabled", True),
        ("langsmithEnabled", True), ("langsmithContent", True),
    ],
)  # fmt: skip
def test_what_is_named_changes_and_the_rest_stays(api: APIClient, member: str, value: Any) -> None:
    before = api.get(URL).json()["instance"]
    response = api.patch(URL, {member: value})
    assert response.status_code == 200
    after = response.json()["instance"]
    assert after.pop("updatedAt") > before["updatedAt"]
    assert after == {name: before[name] for name in after} | {member: value}
    assert api.get(URL).json()["instance"][member] == value


@pytest.mark.parametrize("member", ["description", "provider", "model"])
def test_null_clears_what_may_be_absent(api: APIClient, member: str) -> None:
    api.patch(URL, {"description": "d", "provider": "openai", "model": "m"})
    assert api.patch(URL, {member: None}).json()["instance"][member] is None


def test_a_slug_is_fixed_after_creation(api: APIClient, instance: Instance) -> None:
    response = api.patch(URL, {"slug": "another"})
    assert response.status_code == 400
    instance.refresh_from_db()
    assert instance.slug == "my-assistant"


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""}, {"name": None}, {"name": 5}, {"status": "gone"}, {"status": None},
        {"provider": "x"}, {"model": []}, {"authEnabled": "true"}, {"id": "x"}, {"other": 1},
    ],
)  # fmt: skip
def test_one_fault_leaves_everything_as_it_was(api: APIClient, body: dict[str, Any]) -> None:
    before = api.get(URL).json()
    assert api.patch(URL, {"description": "changed", **body}).status_code == 400
    assert api.get(URL).json() == before


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"1", b"true", b""])
def test_a_body_that_is_no_object_is_refused(api: APIClient, body: bytes) -> None:
    assert api.patch(URL, body, content_type="application/json").status_code == 400


def test_put_is_not_a_method_of_an_instance(api: APIClient) -> None:
    response = api.put(URL, {"name": "x"})
    assert response.status_code == 405
    assert "PATCH" in response["Allow"]


@pytest.mark.django_db(transaction=True)
def test_two_changes_of_different_members_both_take_effect(
    api: APIClient, instance: Instance, together: Callable[..., list[int]]
) -> None:
    bodies = [{"name": "Renamed"}, {"model": "m-1"}]
    calls = [lambda body=body: api.patch(URL, body).status_code for body in bodies]
    assert together(*calls, behind=instance) == [200, 200]
    instance.refresh_from_db()
    assert (instance.name, instance.model) == ("Renamed", "m-1")
