"""DELETE /api/instances/{slug}"""

from collections.abc import Callable
from datetime import timedelta
from time import sleep
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from instances.models import AccessToken, Instance
from polyant.exceptions import Missing
from secrets_app.models import InstanceSecret

URL = "/api/instances/my-assistant"
UNDER = ["instance_secrets", "instance_skill_env", "instance_channels", "instance_members"]


@pytest.fixture
def client(client_of: Callable[..., APIClient], owner: User) -> APIClient:
    return client_of(owner)


def test_an_instance_goes_with_everything_under_it(
    client: APIClient, furnished: Instance, raw_rows: Callable[[str], list[dict[str, Any]]]
) -> None:
    assert all(raw_rows(table) for table in UNDER)
    response = client.delete(URL)
    assert (response.status_code, response.json()) == (200, {"deleted": True})
    assert [raw_rows(table) for table in UNDER] == [[], [], [], []]
    assert not Instance.objects.exists()


def test_another_instance_keeps_what_it_has(
    client: APIClient, client_of: Callable[..., APIClient], outsider: User, furnished: Instance
) -> None:
    theirs = client_of(outsider)
    path = "/api/instances/other-assistant/secrets"
    listing = theirs.put(path, {"secrets": [{"key": "mine", "value": "v"}]}).json()
    client.delete(URL)
    assert theirs.get(path).json() == listing


def test_of_several_instances_the_named_one_goes(client: APIClient) -> None:
    first = Instance.objects.create(pk=UUID(int=0), slug="first-in-every-order", name="First")
    client.delete(URL)
    assert Instance.objects.get() == first


def test_a_deleted_instance_is_not_found(client: APIClient) -> None:
    client.delete(URL)
    assert client.get(URL).status_code == client.delete(URL).status_code == 404


def test_a_new_instance_of_the_old_slug_begins_empty(
    client_of: Callable[..., APIClient], superuser: User, furnished: Instance
) -> None:
    client = client_of(superuser)
    client.delete(URL)
    client.post("/api/instances", {"slug": "my-assistant", "name": "Again"})
    secrets = client.get(f"{URL}/secrets").json()["secrets"]
    assert not any(each["configured"] for each in secrets)
    assert client.get(f"{URL}/channels").json() == {"channels": []}


def test_unreadable_rows_do_not_keep_an_instance(
    client: APIClient, furnished: Instance, settings: Any
) -> None:
    settings.ENCRYPTION_KEY = "2e" * 32
    assert client.delete(URL).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_batch_of_old_and_new_keys_does_not_stand_in_the_way_of_a_deletion(
    client: APIClient, furnished: Instance, together: Callable[..., list[int]]
) -> None:
    InstanceSecret.objects.set_many(furnished, {"a": "1", "b": "1"}, None)
    held = InstanceSecret.objects.get(key="b")
    body = {"secrets": [{"key": key, "value": "2"} for key in ("a", "b", "new")]}

    def write() -> int:
        return client.put(f"{URL}/secrets", body).status_code

    def delete() -> int:
        sleep(0.2)  # the writer has got as far as the row that is held
        return client.delete(URL).status_code

    written, deleted = together(write, delete, behind=held)
    assert deleted == 200
    assert written in {200, 404}, "whichever came first, nobody was told that the database is busy"


@pytest.mark.django_db(transaction=True)
def test_a_token_for_it_does_not_stand_in_the_way_of_a_deletion(
    client: APIClient, editor: User, instance: Instance, together: Callable[..., list[Any]]
) -> None:
    def issue(days: int) -> AccessToken | None:
        lifetime = timedelta(days=days)
        try:
            return AccessToken.objects.issue(editor, lifetime, instances=[instance])[1]
        except Missing:
            return None  # the deletion was first

    def delete() -> int:
        sleep(0.2)  # the token is about to take the place of the expired one
        return client.delete(URL).status_code

    issued, status = together(lambda: issue(1), delete, behind=issue(-1))
    assert status == 200
    assert issued is None or issued.is_limited


@pytest.mark.django_db(transaction=True)
def test_writers_of_an_instance_that_goes_are_told_and_leave_nothing(
    client: APIClient,
    instance: Instance,
    together: Callable[..., list[int]],
    raw_rows: Callable[[str], list[dict[str, Any]]],
) -> None:
    def write(n: int) -> int:
        body = {"secrets": [{"key": f"k{n}", "value": "v"}]}
        return client.put(f"{URL}/secrets", body).status_code

    writers = [lambda n=n: write(n) for n in range(4)]
    deleted, *written = together(lambda: client.delete(URL).status_code, *writers, behind=instance)
    assert deleted == 200
    assert set(written) <= {200, 404, 409}
    assert raw_rows("instance_secrets") == []
