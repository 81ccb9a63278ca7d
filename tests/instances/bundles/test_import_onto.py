"""POST /api/instances/{slug}/import"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from rest_framework.test import APIClient

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import AuditEntry, Instance
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from tests.instances.bundles.conftest import BASE, MARKER, bundle, warned

URL = f"{BASE}/import"


def env(key: str, **more: Any) -> dict[str, Any]:
    return {"skillSlug": "search", "key": key, **more}


def channel(kind: str, config: dict[str, Any] | None = None, *, enabled: bool = True) -> Any:
    return {"channelType": kind, "enabled": enabled, "config": config or {}}


def test_settings_are_set_and_what_is_absent_is_kept(client: APIClient, filled: Instance) -> None:
    client.patch(BASE, {"description": "kept", "model": "kept"})
    response = client.post(URL, bundle(name="New name", status="disabled", model=None))
    assert response.status_code == 200
    assert response.json() == {
        "slug": "my-assistant", "instanceId": str(filled.pk), "warnings": [],
    }  # fmt: skip
    filled.refresh_from_db()
    assert (filled.name, filled.status, filled.model) == ("New name", "disabled", None)
    assert filled.description == "kept"
    assert len(client.get(f"{BASE}/channels").json()["channels"]) == 2


def test_only_what_is_not_set_here_is_asked_for(client: APIClient, filled: Instance) -> None:
    content = bundle(
        secrets=[{"key": "openai_api_key", "configured": True}, {"key": "x", "configured": True}],
        channels=[channel("telegram"), channel("slack")],
        skillEnv=[env("TOKEN", encrypted=True), env("OTHER", encrypted=True)],
    )
    assert warned(client.post(URL, content)) == [
        ("secret_required", "x"),
        ("channel_credentials", "slack", "appToken"),
        ("skill_env_required", "search", "OTHER"),
    ]


def test_no_credential_is_touched(
    client: APIClient, filled: Instance, raw_rows: Callable[[str], list[dict[str, Any]]]
) -> None:
    def sealed() -> list[Any]:
        return sorted(
            [row["value"] for row in raw_rows("instance_secrets")]
            + [row["value"] for row in raw_rows("instance_skill_env") if row["key"] == "TOKEN"]
            + [row["credentials"] for row in raw_rows("instance_channels")]
        )

    before = sealed()
    content = bundle(
        secrets=[{"key": "openai_api_key", "configured": False}],
        channels=[channel("telegram", {"allowedUserIds": "9"}), channel("slack", enabled=False)],
        skillEnv=[env("TOKEN", encrypted=False, value="shown"), env("REGION", encrypted=True)],
    )
    assert client.post(URL, content).status_code == 200
    assert sealed() == before
    assert InstanceSecret.objects.reveal(filled, "openai_api_key") == MARKER


def test_readable_configuration_is_merged_and_the_channel_stays_whole(
    client: APIClient, filled: Instance
) -> None:
    client.post(URL, bundle(channels=[channel("telegram", {"allowedUserIds": "9"})]))
    row = InstanceChannel.objects.describe(filled, "telegram")
    assert (row.enabled, row.config) == (True, {"allowedUserIds": "9"})
    client.post(URL, bundle(channels=[channel("telegram", {"allowedUserIds": ""})]))
    revealed = InstanceChannel.objects.reveal(filled, TELEGRAM)
    assert revealed == {"botToken": f"1:{MARKER}", "allowedUserIds": "9"}


def test_a_channel_is_switched_as_far_as_it_is_complete(
    client: APIClient, filled: Instance
) -> None:
    client.post(URL, bundle(channels=[channel("telegram", enabled=False), channel("slack")]))
    rows = {row.channel_type: row.enabled for row in InstanceChannel.objects.listing(filled)}
    assert rows == {"telegram": False, "slack": False}
    client.put(f"{BASE}/channels/slack", {"config": {"appToken": "xapp-1"}})
    response = client.post(URL, bundle(channels=[channel("slack")]))
    assert warned(response) == []
    rows = {row.channel_type: row.enabled for row in InstanceChannel.objects.listing(filled)}
    assert rows == {"telegram": False, "slack": True}


def test_a_readable_member_that_lacks_is_asked_for_too(client: APIClient, filled: Instance) -> None:
    credentials = {"accountSid": "AC1", "authToken": "t"}
    client.put(f"{BASE}/channels/whatsapp", {"config": credentials})
    response = client.post(URL, bundle(channels=[channel("whatsapp")]))
    assert warned(response) == [("channel_credentials", "whatsapp", "whatsappNumber")]
    assert not InstanceChannel.objects.describe(filled, "whatsapp").enabled


def test_a_sensitive_variable_is_neither_replaced_nor_shown(
    client: APIClient, filled: Instance
) -> None:
    content = bundle(skillEnv=[env("TOKEN", encrypted=False, value="shown")])
    assert warned(client.post(URL, content)) == [("unsupported", "search", "TOKEN")]
    assert InstanceSkillEnv.objects.reveal(filled, "search")["TOKEN"] == MARKER
    assert MARKER not in client.get(f"{BASE}/export").content.decode()


def test_readable_variables_are_set_and_others_kept(client: APIClient, filled: Instance) -> None:
    content = bundle(
        skillEnv=[
            env("REGION", encrypted=False, hasValue=True, value="us"),
            env("NEW", encrypted=False, value="n"),
            env("EMPTY", encrypted=True),
        ]
    )
    assert warned(client.post(URL, content)) == [("unsupported", "search", "EMPTY")]
    assert InstanceSkillEnv.objects.reveal(filled, "search") == {
        "REGION": "us", "NEW": "n", "EMPTY": "", "TOKEN": MARKER,
    }  # fmt: skip


def test_a_channel_that_lacks_something_is_to_be_enabled_once_it_has_it(
    client: APIClient, instance: Instance
) -> None:
    (warning,) = client.post(URL, bundle(channels=[channel("telegram")])).json()["warnings"]
    assert warning["message"] == "Telegram is disabled: set botToken, then enable it."
    client.put(f"{BASE}/channels/telegram", {"config": {"botToken": "1:a"}})
    assert not InstanceChannel.objects.describe(instance, "telegram").enabled


def test_what_earlier_bundles_left_is_kept_until_a_bundle_has_it(client: APIClient) -> None:
    first = [channel("agent", {"a": 1}), channel("telegram", {"x": 1})]
    client.post(URL, {**bundle(prompts=[1], room={"b": 1}, channels=first), "note": "n"})
    client.post(URL, bundle(prompts=[2], provider="google", channels=[channel("agent", {"a": 2})]))
    exported = client.get(f"{BASE}/export").json()
    inside = exported["instance"]
    assert (inside["prompts"], inside["room"], exported["note"]) == ([2], {"b": 1}, "n")
    assert inside["provider"] == "google"
    assert {each["channelType"]: each["config"] for each in inside["channels"]} == {
        "telegram": {"x": 1}, "agent": {"a": 2},
    }  # fmt: skip
    client.post(URL, bundle())
    assert client.get(f"{BASE}/export").json()["instance"]["provider"] == "google"
    client.post(URL, bundle(provider="openai"))
    assert client.get(f"{BASE}/export").json()["instance"]["provider"] == "openai"
    client.patch(BASE, {"provider": None})
    assert client.get(f"{BASE}/export").json()["instance"]["provider"] is None


def test_members_of_a_channel_are_kept_until_a_bundle_has_them(client: APIClient) -> None:
    for kind in ("whatsapp", "agent"):
        first = {**channel(kind, {"authMode": "x", "region": "eu"}), "note": "n", "icon": "i"}
        client.post(URL, bundle(channels=[first]))
        client.post(URL, bundle(channels=[{**channel(kind, {"region": "us"}), "icon": "j"}]))
        client.post(URL, bundle(channels=[channel(kind)]))
    for kept in client.get(f"{BASE}/export").json()["instance"]["channels"]:
        assert kept["config"] == {"authMode": "x", "region": "us"}
        assert (kept["note"], kept["icon"]) == ("n", "j")


def test_a_plan_answers_the_same_and_changes_nothing(
    client: APIClient,
    filled: Instance,
    engine_bundle: dict[str, Any],
    raw_rows: Callable[[str], list[dict[str, Any]]],
) -> None:
    tables = connection.introspection.table_names()
    before = {table: raw_rows(table) for table in tables}
    planned = client.post(f"{URL}?plan=1", engine_bundle)
    assert {table: raw_rows(table) for table in tables} == before
    done = client.post(URL, engine_bundle)
    assert (planned.status_code, planned.json()) == (200, done.json())


def test_the_slug_of_the_bundle_means_nothing_here(client: APIClient) -> None:
    assert client.post(URL, bundle(slug="other")).json()["slug"] == "my-assistant"
    assert Instance.objects.count() == 1


def test_admins_import_and_others_do_not(
    client_of: Callable[..., APIClient], editor: User, outsider: User, anonymous: APIClient
) -> None:
    for path in (URL, f"{URL}?plan=1"):
        assert client_of(editor).post(path, bundle()).status_code == 403
        assert client_of(outsider).post(path, bundle()).status_code == 404
        assert anonymous.post(path, bundle()).status_code == 401


def test_who_imported_what_is_on_record(client: APIClient, filled: Instance, owner: User) -> None:
    InstanceChannel.objects.update(updated_by=None)
    seen = AuditEntry.objects.count()
    content = bundle(
        name="My assistant",
        description="d",
        prompts=["p"],
        channels=[channel("telegram", {"allowedUserIds": "9"})],
        skillEnv=[env("REGION", encrypted=False, value="us")],
    )
    client.post(URL, content)
    entries = AuditEntry.objects.order_by("pk")[seen:]
    assert [(entry.action, entry.names) for entry in entries] == [
        ("instance.changed", ["bundle_extras", "description"]),
        ("channel.connected", ["telegram/allowedUserIds"]),
        ("skill_env.set", ["search/REGION"]),
        ("instance.imported", ["bundle_extras", "channels", "description", "skillEnv"]),
    ]
    authors = {
        kind: row.updated_by for kind, row in InstanceChannel.objects.rows_by_type(filled).items()
    }
    assert authors == {"telegram": owner, "slack": None}


def test_what_is_so_already_is_not_written_again(
    client: APIClient, filled: Instance, raw_rows: Callable[[str], list[dict[str, Any]]]
) -> None:
    exported = client.get(f"{BASE}/export").json()
    tables = ("instance_channels", "instance_skill_env")
    before, seen = [raw_rows(table) for table in tables], AuditEntry.objects.count()
    assert client.post(URL, exported).status_code == 200
    assert [raw_rows(table) for table in tables] == before
    entries = AuditEntry.objects.order_by("pk")[seen:]
    assert [(entry.action, entry.names) for entry in entries] == [("instance.imported", [])]


def test_a_readable_value_that_does_not_open_is_written_anew(
    client: APIClient, filled: Instance, settings: Any
) -> None:
    settings.ENCRYPTION_KEY = "2e" * 32
    content = bundle(skillEnv=[env("REGION", encrypted=False, value="eu")])
    assert client.post(URL, content).status_code == 200
    [row] = InstanceSkillEnv.objects.filter(instance=filled, key="REGION")
    assert row.reveal_shown() == "eu"


def test_an_import_is_whole_or_has_not_happened(
    client: APIClient,
    filled: Instance,
    engine_bundle: dict[str, Any],
    raw_rows: Callable[[str], list[dict[str, Any]]],
) -> None:
    InstanceSkillEnv.objects.filter(key="REGION").delete()
    tables = ("instances", "instance_channels", "instance_skill_env", "audit_log")
    before = [raw_rows(table) for table in tables]

    def fail_at_the_last(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT") and "instance_skill_env" in sql:
            raise DatabaseError("the disk is full")
        return execute(sql, *rest)

    with connection.execute_wrapper(fail_at_the_last), pytest.raises(DatabaseError):
        client.post(URL, engine_bundle)
    assert [raw_rows(table) for table in tables] == before


@pytest.mark.django_db(transaction=True)
def test_imports_and_writes_at_one_moment_all_take_effect(
    client: APIClient, instance: Instance, together: Callable[..., list[int]]
) -> None:
    def import_variable(n: int) -> int:
        content = bundle(skillEnv=[env(f"K{n}", encrypted=False, value="v")])
        return int(client.post(URL, content).status_code)

    def write() -> int:
        body = {"env": [{"key": "SECRET", "value": "s"}]}
        return int(client.put(f"{BASE}/skills/search/env", body).status_code)

    calls = [lambda n=n: import_variable(n) for n in range(3)]
    assert together(*calls, write, behind=instance) == [200] * 4
    stored = InstanceSkillEnv.objects.reveal(instance, "search")
    assert stored == {"K0": "v", "K1": "v", "K2": "v", "SECRET": "s"}


@pytest.mark.django_db(transaction=True)
def test_an_instance_that_goes_meanwhile_is_not_found(
    client: APIClient, instance: Instance, together: Callable[..., list[int]]
) -> None:
    deleted, imported = together(
        lambda: client.delete(BASE).status_code,
        lambda: client.post(URL, bundle()).status_code,
        behind=instance,
    )
    assert (deleted, imported in {200, 404}) == (200, True)
    assert not Instance.objects.exists()
