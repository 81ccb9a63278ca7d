"""PUT /api/instances/{slug}/channels/{type}"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from channels_app.catalog import CHANNEL_TYPES, SLACK, TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import AuditEntry, Instance
from polyant.exceptions import Invalid

URL = "/api/instances/my-assistant/channels"
# The shapes are what is checked; the values are nobody's.
FULL: dict[str, dict[str, str]] = {
    "telegram": {"botToken": "1:a-B_c", "allowedUserIds": "12, 34,56"},
    "slack": {"botToken": "xoxb-1", "appToken": "xapp-1", "signingSecret": "s"},
    "whatsapp": {"accountSid": "AC1", "authToken": "t", "whatsappNumber": "+14155550100"},
}
READABLE = {
    "telegram": {"allowedUserIds": "12, 34,56"},
    "slack": {},
    "whatsapp": {"whatsappNumber": "+14155550100"},
}
CREDENTIALS = {
    "telegram": ["botToken"],
    "slack": ["botToken", "appToken", "signingSecret"],
    "whatsapp": ["accountSid", "authToken"],
}

MALFORMED: dict[tuple[str, str], list[Any]] = {
    ("telegram", "botToken"): [
        "", " ", "1:a\n", "a b", "é", "x" * 4097, "••••", "••••cdef", "••••••••", 1, ["1:a"], {},
    ],
    ("telegram", "allowedUserIds"): [
        "", "me", "1,", "1;2", "-1", "١", "••••", 12, [12], True, {},
    ],
    ("slack", "botToken"): ["xoxb-", "xapp-1", "XOXB-1", " xoxb-1", "xoxb-1\n"],
    ("slack", "appToken"): ["xapp-", "xoxb-1"],
    ("slack", "signingSecret"): ["", "a b", "s\n"],
    ("whatsapp", "accountSid"): ["AC", "ac1", "SK1"],
    ("whatsapp", "whatsappNumber"): ["1", "+", "+1 2", "+12a", "+1\n", "+" + "1" * 16, "+١"],
}  # fmt: skip


def put(api: APIClient, kind: str, config: Any, **more: Any) -> Any:
    return api.put(f"{URL}/{kind}", {"config": config, **more})


def revealed(instance: Instance, kind: str) -> dict[str, str]:
    return InstanceChannel.objects.reveal(instance, CHANNEL_TYPES[kind])


@pytest.mark.parametrize("kind", FULL)
def test_a_channel_is_stored_whole_and_answered_without_its_credentials(
    api: APIClient, instance: Instance, kind: str
) -> None:
    response = put(api, kind, FULL[kind], enabled=True)
    assert response.status_code == 200
    assert list(response.json()) == ["channel"]
    channel = response.json()["channel"]
    assert channel.pop("updatedAt").endswith("Z")
    assert channel == {
        "channelType": kind,
        "enabled": True,
        "config": READABLE[kind],
        "credentials": [{"key": key, "configured": True} for key in CREDENTIALS[kind]],
    }
    assert revealed(instance, kind) == FULL[kind]


def test_a_new_channel_is_disabled_until_it_is_enabled(api: APIClient) -> None:
    assert put(api, "telegram", {"botToken": "1:a"}).json()["channel"]["enabled"] is False
    assert put(api, "telegram", {}, enabled=True).json()["channel"]["enabled"] is True
    assert put(api, "telegram", {}).json()["channel"]["enabled"] is True


def test_an_absent_member_is_kept_and_a_string_sets(api: APIClient, instance: Instance) -> None:
    put(api, "slack", FULL["slack"])
    put(api, "slack", {"appToken": "xapp-2"})
    assert revealed(instance, "slack") == {**FULL["slack"], "appToken": "xapp-2"}


def test_what_was_only_switched_is_in_the_audit_trail_too(api: APIClient) -> None:
    put(api, "telegram", FULL["telegram"])
    put(api, "telegram", {}, enabled=True)
    assert [entry.names for entry in AuditEntry.objects.order_by("pk")] == [
        ["telegram/allowedUserIds", "telegram/botToken"],
        ["telegram"],
    ]


REFUSED = [
    ({"token": "x"}, "config", "unknown_member"),
    ({"botToken": "••••cdef"}, "config.botToken", "placeholder"),
    ({"botToken": "a b"}, "config.botToken", "invalid"),
    ({}, "config", "incomplete"),
]


def test_a_refusal_says_where_and_has_a_code(api: APIClient) -> None:
    for config, path, code in REFUSED:
        [error] = put(api, "telegram", config, enabled=True).json()["errors"]
        assert (error["path"], error["code"]) == (path, code)


@pytest.mark.parametrize("member", ["botToken", "allowedUserIds"])
def test_null_clears_a_member(api: APIClient, instance: Instance, member: str) -> None:
    put(api, "telegram", FULL["telegram"])
    channel = put(api, "telegram", {member: None}).json()["channel"]
    assert member not in revealed(instance, "telegram")
    assert member not in channel["config"]
    assert {"key": member, "configured": True} not in channel["credentials"]


def test_an_enabled_channel_names_what_it_lacks(api: APIClient, instance: Instance) -> None:
    response = put(api, "slack", {"botToken": "xoxb-1", "signingSecret": "s"}, enabled=True)
    assert response.status_code == 400
    assert "appToken" in response.json()["message"]
    assert "botToken" not in response.json()["message"]
    assert not InstanceChannel.objects.exists()


def test_an_enabled_channel_cannot_lose_what_it_needs(api: APIClient, instance: Instance) -> None:
    put(api, "telegram", FULL["telegram"], enabled=True)
    assert put(api, "telegram", {"botToken": None}).status_code == 400
    assert revealed(instance, "telegram") == FULL["telegram"]
    assert put(api, "telegram", {"botToken": None}, enabled=False).status_code == 200


@pytest.mark.parametrize(("kind", "member"), MALFORMED)
def test_a_malformed_member_is_named_and_nothing_is_stored(
    api: APIClient, instance: Instance, kind: str, member: str
) -> None:
    put(api, kind, FULL[kind])
    for value in MALFORMED[kind, member]:
        response = put(api, kind, {**FULL[kind], member: value})
        assert response.status_code == 400, value
        assert [each["path"] for each in response.json()["errors"]] == [f"config.{member}"], value
    assert revealed(instance, kind) == FULL[kind]


SHAPES: list[Any] = [
    {"config": None}, {"config": []}, {"config": "botToken"}, {"config": {"token": "x"}},
    {"config": {"bottoken": "x"}}, {"config": {"token": None}}, {"config": {}, "enabled": None},
    {"config": {}, "enabled": 1}, {"config": {}, "enabled": "true"}, {"config": {}, "type": "x"},
    {"botToken": "1:a"}, {}, {"enabled": False}, [], "x", 1,
]  # fmt: skip


def test_a_body_of_another_shape_or_of_nothing_connects_nothing(api: APIClient) -> None:
    for body in [*map(json.dumps, SHAPES), b"", b"null"]:
        response = api.put(f"{URL}/telegram", body, content_type="application/json")
        assert response.status_code == 400, repr(body)
        assert not InstanceChannel.objects.exists(), repr(body)


def test_an_unknown_type_is_not_found_and_the_valid_ones_are_listed(api: APIClient) -> None:
    for kind in ("discord", "Telegram", "telegram%0a", "telegram%00", "%ff"):
        response = put(api, kind, {"botToken": "1:a"})
        assert response.status_code == 404, kind
        assert all(valid in response.json()["message"] for valid in FULL), kind


@pytest.mark.parametrize(
    ("member", "value", "refusal"),
    [
        ("botToken", "1:a", "set by connecting"),
        ("allowedUserIds", "me", "not valid"),
        ("token", "1:a", "Unknown member"),
    ],
)
def test_what_an_import_brings_is_readable_and_valid(
    instance: Instance, member: str, value: str, refusal: str
) -> None:
    members = {"allowedUserIds": "12", member: value}
    with pytest.raises(Invalid, match=refusal):
        InstanceChannel.objects.configure(instance, TELEGRAM, members, None, enabled=True)
    assert not InstanceChannel.objects.exists()


def test_a_channel_that_cannot_be_opened_is_a_conflict_and_left_as_it_is(
    api: APIClient, raw_rows: Callable[[str], list[dict[str, Any]]], settings: Any
) -> None:
    put(api, "telegram", FULL["telegram"])
    (before,) = raw_rows("instance_channels")
    settings.ENCRYPTION_KEY = "2e" * 32
    response = put(api, "telegram", {"botToken": "2:b"})
    assert response.status_code == 409
    assert before["credentials"].split(".")[1] in response.json()["message"]
    assert before["credentials"] not in response.content.decode()
    assert raw_rows("instance_channels") == [before]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("begun", [{}, {"signingSecret": "s"}])
def test_two_puts_of_different_members_both_take_effect(
    api: APIClient, instance: Instance, together: Callable[..., list[int]], begun: dict[str, str]
) -> None:
    if begun:
        put(api, "slack", begun)
    members = [{"botToken": "xoxb-1"}, {"appToken": "xapp-1"}]
    calls = [lambda config=config: put(api, "slack", config).status_code for config in members]
    assert together(*calls, behind=instance) == [200, 200]
    assert InstanceChannel.objects.reveal(instance, SLACK) == {**begun, **members[0], **members[1]}


@pytest.mark.django_db(transaction=True)
def test_of_enabling_and_clearing_at_once_no_enabled_channel_lacks_a_member(
    api: APIClient, instance: Instance, together: Callable[..., list[int]]
) -> None:
    put(api, "telegram", FULL["telegram"])
    statuses = together(
        lambda: put(api, "telegram", {}, enabled=True).status_code,
        lambda: put(api, "telegram", {"botToken": None}).status_code,
        behind=instance,
    )
    row = InstanceChannel.objects.describe(instance, "telegram")
    assert sorted(statuses) == [200, 400]
    assert row.enabled == ("botToken" in row.credential_names)
