"""PATCH /api/instances/{slug}"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from instances.models import AuditEntry, Instance

URL = "/api/instances/my-assistant"


CHANGES: list[tuple[str, Any]] = [
    ("name", "Renamed"), ("description", ""), ("description", "Some\ntext"),
    ("status", "disabled"), ("provider", "openai"), ("model", "m-1"), ("authEnabled", True),
    ("langsmithEnabled", True), ("langsmithContent", True),
]  # fmt: skip


def test_what_is_named_changes_and_the_rest_stays(api: APIClient) -> None:
    before = api.get(URL).json()["instance"]
    for member, value in CHANGES:
        response = api.patch(URL, {member: value})
        assert response.status_code == 200, member
        after = response.json()["instance"]
        assert after["updatedAt"] > before["updatedAt"], member
        assert after == {**before, member: value, "updatedAt": after["updatedAt"]}, member
        before = api.get(URL).json()["instance"]
        assert before == after, member


def test_of_several_instances_the_named_one_changes(api: APIClient) -> None:
    first = Instance.objects.create(pk=UUID(int=0), slug="first-in-every-order", name="First")
    assert api.patch(URL, {"name": "Renamed"}).json()["instance"]["slug"] == "my-assistant"
    first.refresh_from_db()
    assert first.name == "First"


def test_null_clears_what_may_be_absent(api: APIClient) -> None:
    api.patch(URL, {"description": "d", "provider": "openai", "model": "m"})
    for member in ("description", "provider", "model"):
        assert api.patch(URL, {member: None}).json()["instance"][member] is None, member


def test_a_change_of_nothing_changes_nothing_and_is_in_no_trail(
    api: APIClient, instance: Instance
) -> None:
    before = api.get(URL).json()
    response = api.patch(URL, {})
    assert (response.status_code, response.json()) == (200, before)
    assert not AuditEntry.objects.filter(instance_id=instance.pk).exists()


def test_a_slug_is_fixed_after_creation(api: APIClient, instance: Instance) -> None:
    response = api.patch(URL, {"slug": "another"})
    assert response.status_code == 400
    instance.refresh_from_db()
    assert instance.slug == "my-assistant"


FAULTS: list[dict[str, Any]] = [
    {"name": ""}, {"name": None}, {"name": 5}, {"status": "gone"}, {"status": None},
    {"provider": "x"}, {"model": []}, {"authEnabled": "true"}, {"id": "x"}, {"other": 1},
]  # fmt: skip


def test_one_fault_leaves_everything_as_it_was(api: APIClient) -> None:
    before = api.get(URL).json()
    for fault in FAULTS:
        assert api.patch(URL, {"description": "changed", **fault}).status_code == 400, fault
        assert api.get(URL).json() == before, fault


def test_what_is_none_of_a_few_values_is_told_them(api: APIClient) -> None:
    choices = {"status": "active, disabled", "provider": "openai, anthropic, null"}
    for member, named in choices.items():
        answer = api.patch(URL, {member: "MARKER"}).json()
        assert answer["message"] == f"{member}: Use one of: {named}.", member


def test_a_body_that_is_no_object_is_refused(api: APIClient) -> None:
    for body in (b"null", b"[]", b'"x"', b"1", b"true", b""):
        status = api.patch(URL, body, content_type="application/json").status_code
        assert status == 400, repr(body)


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
