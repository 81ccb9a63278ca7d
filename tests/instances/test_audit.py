"""GET /api/instances/{slug}/audit, and the trail itself."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from instances.audit import Action, AuditEntry
from instances.models import Instance

URL = "/api/instances/my-assistant/audit"


@pytest.fixture
def client(client_of: Callable[..., APIClient], owner: User) -> APIClient:
    return client_of(owner)


@pytest.fixture
def trail(instance: Instance, other_instance: Instance, editor: User) -> list[int]:
    """The ids of three entries, the oldest first; another instance has one in between."""
    record = AuditEntry.objects.record
    record(instance, Action.SECRETS_SET, ["b", "a"], editor)
    record(instance, Action.SECRET_DELETED, ["b"], editor)
    record(other_instance, Action.SECRETS_SET, ["elsewhere"], editor)
    record(instance, Action.SECRET_DELETED, ["a"], None)
    ours = AuditEntry.objects.exclude(instance_slug=other_instance.slug)
    return sorted(ours.values_list("pk", flat=True))


def ids(client: APIClient, **query: int) -> list[int]:
    return [entry["id"] for entry in client.get(URL, query).json()["audit"]]


def test_who_did_what_by_name_the_newest_first(client: APIClient, trail: list[int]) -> None:
    entries: list[dict[str, Any]] = client.get(URL).json()["audit"]
    assert [list(entry) for entry in entries] == [["id", "at", "actor", "action", "names"]] * 3
    assert [(entry["actor"], entry["action"], entry["names"]) for entry in entries] == [
        ("", "secret.deleted", ["a"]),
        ("editor", "secret.deleted", ["b"]),
        ("editor", "secrets.set", ["a", "b"]),
    ]


def test_older_entries_are_asked_for_by_the_last_id(client: APIClient, trail: list[int]) -> None:
    oldest, middle, newest = trail
    assert ids(client, limit=2) == [newest, middle]
    assert ids(client, limit=2, before=middle) == [oldest]
    assert ids(client, before=oldest) == []


def test_what_can_be_no_page_is_refused(client: APIClient) -> None:
    for query in ("limit=0", "limit=201", "limit=x", "before=0", "before=x", f"before={2**63}"):
        assert client.get(f"{URL}?{query}").status_code == 400, query


def test_the_trail_outlives_the_instance_and_the_user(
    client: APIClient, instance: Instance, owner: User
) -> None:
    client.delete("/api/instances/my-assistant")
    owner.delete()
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action) == ("owner", "instance.deleted")
    assert (entry.instance_id, entry.instance_slug) == (instance.pk, "my-assistant")


def test_an_entry_is_neither_changed_nor_deleted(trail: list[int]) -> None:
    entries = AuditEntry.objects.all()
    ways: list[Callable[[], object]] = [
        lambda: entries.update(actor="nobody"),
        entries.delete,
        lambda: entries[0].delete(),
        lambda: entries[0].save(),
    ]
    for way in ways:
        with pytest.raises(TypeError, match="append-only"):
            way()
    assert not entries.filter(actor="nobody").exists()
    assert len(entries.all()) == 4
