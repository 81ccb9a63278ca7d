"""POST /api/instances/import"""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from rest_framework.test import APIClient

from channels_app.models import InstanceChannel
from instances.models import AuditEntry, Instance, Membership
from instances.roles import Role
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from tests.instances.bundles.conftest import IMPORT, bundle, warned

SETTINGS = {
    "slug", "name", "description", "status", "provider", "model", "authEnabled",
    "langsmithEnabled",
}  # fmt: skip


def test_a_bundle_of_the_public_engine_becomes_an_instance(
    client: APIClient, engine_bundle: dict[str, Any]
) -> None:
    response = client.post(IMPORT, engine_bundle)
    assert response.status_code == 201
    made = Instance.objects.get(slug="support-bot")
    answer = response.json()
    assert list(answer) == ["slug", "instanceId", "warnings"]
    assert (answer["slug"], answer["instanceId"]) == ("support-bot", str(made.pk))
    assert (made.name, made.description) == ("Support bot", "Answers customers")
    assert (made.auth_enabled, made.langsmith_enabled, made.langsmith_content) == (
        True,
        True,
        False,
    )
    assert (made.provider, made.model) == (None, "gemini-2.5-pro")
    assert InstanceSkillEnv.objects.reveal(made, "search") == {"REGION": "eu", "EMPTY": ""}
    rows = InstanceChannel.objects.listing(made)
    assert {row.channel_type: (row.enabled, row.config) for row in rows} == {
        "slack": (False, {}),
        "telegram": (False, {"allowedUserIds": "12, 34"}),
        "whatsapp": (False, {"whatsappNumber": "+14155550100"}),
    }


def test_the_warnings_are_what_has_to_be_entered(
    client: APIClient, engine_bundle: dict[str, Any]
) -> None:
    assert warned(client.post(IMPORT, engine_bundle)) == [
        ("secret_required", "openai_api_key"),
        ("secret_required", "hubspot_api_key"),
        ("channel_credentials", "telegram", "botToken"),
        ("channel_credentials", "slack", "botToken", "appToken"),
        ("channel_credentials", "whatsapp", "accountSid", "authToken"),
        ("unsupported", "agent"),
        ("skill_env_required", "search", "SERP_TOKEN"),
        ("unsupported", "memoryEnabled", "icon", "langsmithProject", "temperature", "sttProvider",
         "embeddingDim", "optoutStopKeywords", "prompts", "skills", "manualTools", "hooks", "room",
         "eventSources", "scheduledTasks", "mcpServers", "provider"),
    ]  # fmt: skip


def test_what_is_not_ours_comes_back_unchanged_and_in_order(
    client: APIClient, engine_bundle: dict[str, Any]
) -> None:
    client.post(IMPORT, engine_bundle)
    response = client.get("/api/instances/support-bot/export")
    came, went = response.json()["instance"], engine_bundle["instance"]
    ours = {"secrets", "channels", "skillEnv"}
    assert json.dumps({name: came[name] for name in went if name not in ours}) == json.dumps(
        {name: went[name] for name in went if name not in ours}
    )
    channels = {each["channelType"]: each for each in came["channels"]}
    assert channels["agent"] == went["channels"][3]
    assert channels["whatsapp"]["config"] == {
        "authMode": "authToken", "whatsappNumber": "+14155550100",
    }  # fmt: skip
    order = [name for name in came if name not in ours and name in engine_bundle["instance"]]
    kept = [name for name in order if name not in SETTINGS]
    assert kept == [name for name in went if name not in ours | SETTINGS]


def test_an_account_sid_that_the_engine_takes_for_readable_is_neither_kept_nor_shown(
    client: APIClient,
    engine_bundle: dict[str, Any],
    raw_rows: Callable[[str], list[dict[str, Any]]],
) -> None:
    client.post(IMPORT, engine_bundle)
    assert "AC0f" not in str([raw_rows(name) for name in connection.introspection.table_names()])


def test_a_second_import_of_its_own_export_changes_nothing(
    client: APIClient, engine_bundle: dict[str, Any]
) -> None:
    client.post(IMPORT, engine_bundle)
    url = "/api/instances/support-bot"
    first = client.get(f"{url}/export").json()
    client.post(f"{url}/import", first)
    second = client.get(f"{url}/export").json()
    assert json.dumps({**second, "exportedAt": ""}) == json.dumps({**first, "exportedAt": ""})


def test_a_plan_answers_the_same_and_changes_nothing(
    client: APIClient,
    engine_bundle: dict[str, Any],
    raw_rows: Callable[[str], list[dict[str, Any]]],
) -> None:
    tables = connection.introspection.table_names()
    before = {table: raw_rows(table) for table in tables}
    planned = client.post(f"{IMPORT}?plan=1", engine_bundle)
    assert {table: raw_rows(table) for table in tables} == before
    assert planned.status_code == 200
    done = client.post(IMPORT, engine_bundle)
    assert planned.json() == {**done.json(), "instanceId": None}


@pytest.mark.parametrize(
    "query",
    ["plan=maybe", "plan=2", "plan=1%00", "plan=null", "Plan=1", "plan=1&plan=0", "plan=0&plan=1",
     "plan&plan", "plan=1&x", "planned=1", "%20plan=1", "plan;", "plan[]=1", "=plan", "PLAN"],
)  # fmt: skip
def test_a_plan_is_asked_for_clearly(client: APIClient, instance: Instance, query: str) -> None:
    for url in (IMPORT, "/api/instances/my-assistant/import"):
        response = client.post(f"{url}?{query}", bundle(name="Changed"))
        assert response.status_code == 400
    assert not Instance.objects.filter(name="Changed").exists()


@pytest.mark.parametrize("query", ["plan", "plan=", "plan=1", "plan=true", "plan=on", "&plan&"])
def test_a_plan_without_a_value_is_one(client: APIClient, instance: Instance, query: str) -> None:
    for url in (IMPORT, "/api/instances/my-assistant/import"):
        assert client.post(f"{url}?{query}", bundle(name="Changed")).status_code == 200
    assert not Instance.objects.filter(name="Changed").exists()


def test_a_taken_slug_gets_another_name(client: APIClient) -> None:
    slugs = [client.post(IMPORT, bundle()).json()["slug"] for _ in range(4)]
    assert slugs == ["new", "new-imported", "new-imported-2", "new-imported-3"]
    Instance.objects.get(slug="new-imported-2").delete()
    assert client.post(IMPORT, bundle()).json()["slug"] == "new-imported-2"


def test_a_long_slug_is_cut_to_make_room(client: APIClient) -> None:
    long = "s" * 100
    slugs = [client.post(IMPORT, bundle(slug=long)).json()["slug"] for _ in range(3)]
    assert slugs == [long, "s" * 91 + "-imported", "s" * 89 + "-imported-2"]


def test_a_slug_that_was_taken_after_the_plan_is_no_trouble(client: APIClient) -> None:
    assert client.post(f"{IMPORT}?plan=1", bundle()).json()["slug"] == "new"
    client.post("/api/instances", {"slug": "new", "name": "Faster"})
    assert client.post(IMPORT, bundle()).json()["slug"] == "new-imported"


@pytest.mark.django_db(transaction=True)
def test_imports_of_one_slug_at_one_moment_all_succeed(
    client: APIClient, together: Callable[..., list[Any]]
) -> None:
    calls = [lambda: client.post(IMPORT, bundle()) for _ in range(4)]
    responses = together(*calls)
    assert [each.status_code for each in responses] == [201] * 4
    assert {each.json()["slug"] for each in responses} == {
        "new", "new-imported", "new-imported-2", "new-imported-3",
    }  # fmt: skip


def test_who_imports_is_the_first_admin_and_on_record(client: APIClient, owner: User) -> None:
    client.post(IMPORT, bundle(authEnabled=True))
    member = Membership.objects.get(instance__slug="new")
    assert (member.user, member.role) == (owner, Role.ADMIN)
    actions = dict(AuditEntry.objects.values_list("action", "names"))
    assert actions == {
        "instance.created": ["auth_enabled", "name", "slug"],
        "instance.imported": ["auth_enabled", "name"],
    }
    assert {entry.actor for entry in AuditEntry.objects.all()} == {"owner"}


def test_it_needs_the_permission_to_add_instances(
    client_of: Callable[..., APIClient], owner: User, instance: Instance, anonymous: APIClient
) -> None:
    assert client_of(owner).post(IMPORT, bundle()).status_code == 403
    assert client_of(owner).post(f"{IMPORT}?plan=1", bundle()).status_code == 403
    assert anonymous.post(IMPORT, bundle()).status_code == 401
    owner.user_permissions.add(Permission.objects.get(codename="add_instance"))
    limited = client_of(owner, instances=[instance])
    assert limited.post(IMPORT, bundle()).status_code == 403
    assert not Instance.objects.filter(slug="new").exists()


def test_what_a_bundle_leaves_out_has_its_default(client: APIClient) -> None:
    assert client.post(IMPORT, bundle()).json()["warnings"] == []
    made = client.get("/api/instances/new").json()["instance"]
    assert (made["status"], made["provider"], made["authEnabled"]) == ("active", None, False)
    assert not InstanceSecret.objects.filter(instance__slug="new").exists()


def test_an_empty_provider_or_model_is_none(client: APIClient) -> None:
    assert client.post(IMPORT, bundle(provider="", model="")).status_code == 201
    made = Instance.objects.get(slug="new")
    assert (made.provider, made.model) == (None, None)
    exported = client.get("/api/instances/new/export").json()["instance"]
    assert (exported["provider"], exported["model"]) == (None, None)


@pytest.mark.parametrize(
    ("given", "taken"),
    [("12, 34", "12, 34"), ("12,34", "12,34"), ("12,34,", "12, 34"), (" 12", "12"),
     ("12, 34 ", "12, 34"), ("12,,34", "12, 34"), (" , ", None), ("", None)],
)  # fmt: skip
def test_user_ids_are_tidied_as_the_public_engine_reads_them(
    client: APIClient, given: str, taken: str | None
) -> None:
    telegram = {"channelType": "telegram", "enabled": True, "config": {"allowedUserIds": given}}
    assert client.post(IMPORT, bundle(channels=[telegram])).status_code == 201
    assert InstanceChannel.objects.get().config == ({"allowedUserIds": taken} if taken else {})


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.37"])
def test_versions_that_only_add_members_are_read(client: APIClient, version: str) -> None:
    assert client.post(IMPORT, {**bundle(), "version": version}).status_code == 201


def test_a_secret_that_was_not_configured_is_not_asked_for(client: APIClient) -> None:
    secrets = [{"key": "a", "configured": False}, {"key": "b", "configured": True}]
    assert warned(client.post(IMPORT, bundle(secrets=secrets))) == [("secret_required", "b")]


def test_a_readable_variable_without_its_value_is_asked_for(client: APIClient) -> None:
    env = [
        {"skillSlug": "s", "key": "UNREADABLE", "encrypted": False, "hasValue": True},
        {"skillSlug": "s", "key": "OLD", "encrypted": False},
        {"skillSlug": "s", "key": "EMPTY", "encrypted": False, "hasValue": False},
        {"skillSlug": "s", "key": "NONE", "encrypted": True, "hasValue": False},
    ]
    assert warned(client.post(IMPORT, bundle(skillEnv=env))) == [
        ("skill_env_required", "s", "UNREADABLE"),
        ("skill_env_required", "s", "OLD"),
    ]
    made = Instance.objects.get(slug="new")
    assert InstanceSkillEnv.objects.reveal(made, "s") == {"EMPTY": ""}


def test_imported_values_are_encrypted_at_rest(
    client: APIClient, raw_rows: Callable[[str], list[dict[str, Any]]]
) -> None:
    env = [{"skillSlug": "s", "key": "A", "encrypted": False, "value": "plain-7c1f"}]
    client.post(IMPORT, bundle(skillEnv=env))
    (row,) = raw_rows("instance_skill_env")
    assert row["value"].startswith("v1.")
    assert "plain-7c1f" not in str([raw_rows(t) for t in connection.introspection.table_names()])


def test_an_instance_named_import_is_reached_as_any_other(client: APIClient) -> None:
    client.post(IMPORT, bundle(slug="import", name="Named import"))
    assert client.get(IMPORT).json()["instance"]["name"] == "Named import"
    assert client.patch(IMPORT, {"name": "Renamed"}).status_code == 200
    assert client.get(f"{IMPORT}/export").json()["instance"]["name"] == "Renamed"
    assert client.delete(IMPORT).status_code == 200
    assert client.get(IMPORT).status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_bundle(
    client: APIClient, engine_bundle: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    def count(content: dict[str, Any]) -> int:
        with django_assert_max_num_queries(60) as counted:
            assert client.post(IMPORT, content).status_code == 201
        return len(counted)

    large = deepcopy(engine_bundle)
    large["instance"]["secrets"] = [{"key": f"k{n}", "configured": True} for n in range(500)]
    large["instance"]["skillEnv"] = [
        {"skillSlug": f"s{n % 9}", "key": f"K{n}", "encrypted": n % 3 == 0,
         **({} if n % 3 == 0 else {"value": "v"})}
        for n in range(100)
    ]  # fmt: skip
    assert count(engine_bundle) == count(large)
