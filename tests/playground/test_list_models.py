"""GET /v1/models: the active instances that the caller may use."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from rest_framework.test import APIClient

from instances.models import Instance


def test_a_model_is_an_instance(api: APIClient, instance: Instance) -> None:
    response = api.get("/v1/models")
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    created = int(instance.created_at.timestamp())
    entry = {"id": "my-assistant", "object": "model", "created": created, "owned_by": "polyant"}
    assert response.json() == {"object": "list", "data": [entry]}


def test_only_what_the_caller_may_use_is_listed(
    client_of: Callable[..., APIClient], viewer: User, outsider: User, superuser: User
) -> None:
    Instance.objects.create(slug="asleep", name="Asleep", status="disabled")
    listed = [
        [each["id"] for each in client_of(user).get("/v1/models").json()["data"]]
        for user in (viewer, outsider, superuser)
    ]
    assert listed == [["my-assistant"], ["other-assistant"], ["my-assistant", "other-assistant"]]


def test_the_models_take_two_queries(api: APIClient, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        api.get("/v1/models")


def test_head_works_where_get_does(api: APIClient) -> None:
    response = api.head("/v1/models")
    assert (response.status_code, response.content) == (200, b"")
