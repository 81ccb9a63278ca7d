"""GET /api/instances/{slug}/export"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from instances.models import AuditEntry, Instance
from secrets_app.models import InstanceSecret
from tests.instances.bundles.conftest import BASE, MARKER, SECRETS, SLACK_CONFIG, TELEGRAM_CONFIG

URL = f"{BASE}/export"


def test_a_bundle_has_everything_but_the_credentials(client: APIClient, filled: Instance) -> None:
    client.patch(BASE, {"description": "Ünï", "provider": "openai", "langsmithContent": True})
    response = client.get(URL)
    assert response.status_code == 200
    assert MARKER not in response.content.decode()
    exported = response.json()
    assert datetime.fromisoformat(exported.pop("exportedAt")).tzinfo is not None
    assert exported == {
        "version": "1.0",
        "type": "instance",
        "instance": {
            "slug": "my-assistant", "name": "My assistant", "description": "Ünï",
            "status": "active", "provider": "openai", "model": None, "authEnabled": False,
            "langsmithEnabled": False, "langsmithContent": True,
            "secrets": [
                {"key": "openai_api_key", "configured": True},
                {"key": "custom", "configured": True},
            ],
            "channels": [
                {"channelType": "slack", "enabled": False, "config": {}},
                {"channelType": "telegram", "enabled": True,
                 "config": {"allowedUserIds": "12, 34"}},
            ],
            "skillEnv": [
                {"skillSlug": "search", "key": "EMPTY", "encrypted": False, "hasValue": False,
                 "value": ""},
                {"skillSlug": "search", "key": "REGION", "encrypted": False, "hasValue": True,
                 "value": "eu"},
                {"skillSlug": "search", "key": "TOKEN", "encrypted": True, "hasValue": True},
            ],
        },
    }  # fmt: skip


def test_it_comes_as_a_file_that_people_can_read(client: APIClient) -> None:
    response = client.get(URL)
    name = f"my-assistant-export-{datetime.now(UTC):%Y-%m-%d}.json"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert '\n  "instance": {\n    "slug": "my-assistant",' in response.content.decode()


def test_an_instance_with_nothing_has_empty_lists(client: APIClient) -> None:
    exported = client.get(URL).json()["instance"]
    assert [exported[name] for name in ("secrets", "channels", "skillEnv")] == [[], [], []]


def test_rows_that_do_not_open_are_named_and_spare_the_rest(
    client: APIClient, filled: Instance, settings: Any
) -> None:
    before = client.get(URL).json()["instance"]
    settings.ENCRYPTION_KEY = "2e" * 32
    client.put(f"{BASE}/skills/search/env",
               {"env": [{"key": "NEW", "value": "n", "sensitive": False}]})  # fmt: skip
    after = client.get(URL).json()["instance"]
    for name in ("secrets", "channels"):
        assert after[name] == before[name]
    shown = {entry["key"]: entry for entry in after["skillEnv"]}
    assert shown["NEW"]["value"] == "n"
    assert shown["REGION"] == {
        "skillSlug": "search", "key": "REGION", "encrypted": False, "hasValue": True,
    }  # fmt: skip


def test_members_may_export_and_outsiders_find_nothing(
    client_of: Callable[..., APIClient], viewer: User, outsider: User, anonymous: APIClient
) -> None:
    assert client_of(viewer).get(URL).status_code == 200
    assert client_of(viewer).head(URL).status_code == 200
    assert client_of(outsider).get(URL).status_code == 404
    assert anonymous.get(URL).status_code == 401


def test_who_exported_is_on_record(client_of: Callable[..., APIClient], viewer: User) -> None:
    client_of(viewer).get(URL)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.names) == ("instance.exported", "viewer", [])


def test_the_number_of_queries_does_not_grow_with_the_rows(
    client: APIClient, filled: Instance, django_assert_num_queries: Any
) -> None:
    def count() -> int:
        with django_assert_num_queries(7) as counted:
            assert client.get(URL).status_code == 200
        return len(counted)

    few = count()
    InstanceSecret.objects.set_many(filled, {f"k{n}": "v" for n in range(64)}, None)
    for skill in ("a", "b", "c"):
        env = [{"key": f"K{n}", "value": "v", "sensitive": n % 2 == 0} for n in range(64)]
        assert client.put(f"{BASE}/skills/{skill}/env", {"env": env}).status_code == 200
    assert count() == few


def test_nothing_else_of_an_instance_loads_what_is_kept_for_its_export(
    client: APIClient, django_assert_max_num_queries: Any
) -> None:
    for path in ("", "/secrets", "/channels", "/skills/search/env", "/members"):
        with django_assert_max_num_queries(10) as counted:
            assert client.get(f"{BASE}{path}").status_code == 200
        assert not any("bundle_extras" in each["sql"] for each in counted.captured_queries)


def test_a_look_at_the_headers_is_no_export(
    client: APIClient, owner: User, instance: Instance, browse: Callable[[User], Client]
) -> None:
    assert client.head(URL)["Content-Disposition"].startswith("attachment")
    page = f"/admin/instances/instance/{instance.pk}/bundle/download/"
    assert browse(owner).head(page).status_code == 200
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_an_export_is_only_read(client: APIClient, method: str) -> None:
    assert getattr(client, method)(URL).status_code == 405


CREDENTIALS: list[tuple[str, dict[str, Any]]] = [
    ("/secrets", {"secrets": [{"key": key, "value": SECRETS[key]} for key in SECRETS]}),
    ("/channels/telegram", {"config": {"botToken": TELEGRAM_CONFIG["botToken"]}, "enabled": True}),
    ("/channels/slack", {"config": SLACK_CONFIG}),
    ("/skills/search/env", {"env": [{"key": "TOKEN", "value": MARKER}]}),
]


def test_our_own_bundle_makes_an_equal_instance(client: APIClient, filled: Instance) -> None:
    first = client.get(URL).json()
    made = client.post("/api/instances/import", json.loads(json.dumps(first)))
    assert made.json()["slug"] == "my-assistant-imported"
    copy = "/api/instances/my-assistant-imported"
    for path, body in CREDENTIALS:
        assert client.put(f"{copy}{path}", body).status_code == 200
    second = client.get(f"{copy}/export").json()
    del first["exportedAt"], second["exportedAt"]
    first["instance"]["slug"] += "-imported"
    assert second == first
