"""What a caller was allowed when the request began is asked again once its whole body is there."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from instances.models import AccessToken, AuditEntry, Instance, Membership
from instances.roles import Role
from secrets_app.models import InstanceSecret

BASE = "/api/instances/my-assistant"
BODIES: dict[str, Any] = {
    f"{BASE}/secrets": {"secrets": [{"key": "openai_api_key", "value": "x"}]},
    f"{BASE}/skills/search/env": {"env": [{"key": "TOKEN", "value": "x"}]},
    f"{BASE}/channels/telegram": {"config": {"botToken": "1:a"}},
    f"{BASE}/members/owner": {"role": "admin"},
}


class Slow(BytesIO):
    """A body during whose last bytes something happens."""

    def __init__(self, body: bytes, meanwhile: Callable[[], object]) -> None:
        super().__init__(body)
        self._meanwhile = meanwhile

    def read(self, size: int | None = -1) -> bytes:
        self._meanwhile()
        return super().read(size)


def put(client: APIClient, path: str, meanwhile: Callable[[], object]) -> int:
    body = json.dumps(BODIES[path])
    stream: Any = {"wsgi.input": Slow(body.encode(), meanwhile)}
    response = client.generic("PUT", path, body, "application/json", **stream)
    return int(response.status_code)


@pytest.fixture
def client(client_of: Callable[..., APIClient], owner: User) -> APIClient:
    return client_of(owner)


@pytest.mark.parametrize("path", BODIES)
def test_who_is_removed_meanwhile_finds_nothing(
    client: APIClient, instance: Instance, owner: User, superuser: User, path: str
) -> None:
    Membership.objects.assign(instance, "root", Role.ADMIN, superuser)
    written = AuditEntry.objects.count()
    assert put(client, path, lambda: Membership.objects.filter(user=owner).delete()) == 404
    assert AuditEntry.objects.count() == written
    assert not InstanceSecret.objects.exists()


def test_a_token_that_ends_meanwhile_is_refused(client: APIClient, owner: User) -> None:
    assert put(client, f"{BASE}/secrets", AccessToken.objects.all().delete) == 401
    assert not InstanceSecret.objects.exists()


def test_who_is_deactivated_meanwhile_is_refused(client: APIClient, owner: User) -> None:
    deactivate = User.objects.filter(pk=owner.pk).update
    assert put(client, f"{BASE}/secrets", lambda: deactivate(is_active=False)) == 401
    assert not InstanceSecret.objects.exists()


def test_nobody_waits_for_the_body_of_a_stranger(instance: Instance) -> None:
    def fail() -> None:
        raise AssertionError("the body was read")

    assert put(APIClient(), f"{BASE}/secrets", fail) == 401


def test_a_form_that_comes_after_the_removal_of_its_sender_changes_nothing(
    browse: Callable[[User], Client], instance: Instance, editor: User
) -> None:
    client, page = browse(editor), f"/admin/instances/instance/{instance.pk}/secrets/"
    client.get(page)
    client.handler.enforce_csrf_checks = True  # which is what reads a form
    form = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value, "key-openai_api_key": "x"}
    remove = Membership.objects.filter(user=editor).delete
    body = urlencode(form).encode()
    stream: Any = {"wsgi.input": Slow(body, remove)}
    response = client.generic("POST", page, body, "application/x-www-form-urlencoded", **stream)
    assert response.status_code == 404
    assert not InstanceSecret.objects.exists()
