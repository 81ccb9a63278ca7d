"""What the OpenAPI document and the README say of channels: what the catalog has, no more."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from channels_app.catalog import CHANNEL_TYPES

CHANNEL = "/api/instances/{slug}/channels/{kind}"
# Each in the form that the catalog asks for.
VALID = {
    "telegram": {"botToken": "1:a", "allowedUserIds": "1, 22"},
    "slack": {"botToken": "xoxb-a", "appToken": "xapp-a", "signingSecret": "s"},
    "whatsapp": {"accountSid": "AC1", "authToken": "t", "whatsappNumber": "+14155550100"},
}


@pytest.fixture
def configs(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The components that a body's ``config`` may be, by the type that they are for."""
    schemas = schema["components"]["schemas"]
    names = [each["$ref"].rpartition("/")[2] for each in _config(schema)["anyOf"]]
    assert names == ["TelegramConfig", "SlackConfig", "WhatsAppConfig"]
    return dict(zip(CHANNEL_TYPES, (schemas[name] for name in names), strict=True))


def _config(schema: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = schema["components"]["schemas"]["ChannelChange"]["properties"]
    return dict(described["config"])


def test_the_types_of_channels_are_named(schema: dict[str, Any]) -> None:
    for method in ("get", "put", "delete"):
        kind, _ = schema["paths"][CHANNEL][method]["parameters"]
        assert kind["schema"]["enum"] == sorted(CHANNEL_TYPES), method


def test_each_type_is_described_with_its_members_and_takes_no_others(
    configs: dict[str, dict[str, Any]],
) -> None:
    for slug, kind in CHANNEL_TYPES.items():
        described = configs[slug]
        assert described["additionalProperties"] is False
        assert list(described["properties"]) == [member.name for member in kind.members]
        assert all(name in described["description"] for name in kind.required)


def test_of_a_member_it_is_told_what_it_looks_like_and_whether_it_comes_back(
    configs: dict[str, dict[str, Any]],
) -> None:
    for slug, kind in CHANNEL_TYPES.items():
        for member in kind.members:
            described = configs[slug]["properties"][member.name]
            assert described["type"] == ["string", "null"]
            assert described.get("writeOnly", False) is member.credential, member.name
            assert member.hint in described["description"]
            assert re.search(described["pattern"], VALID[slug][member.name])
            assert not re.search(described["pattern"], "not valid\n"), member.name


def test_the_readme_names_every_member_with_its_type() -> None:
    readme = (Path(settings.BASE_DIR) / "README.md").read_text(encoding="utf-8")
    for slug, kind in CHANNEL_TYPES.items():
        (row,) = re.findall(rf"^\| `{slug}` \|.*$", readme, re.MULTILINE)
        _, _, credentials, readable, _ = row.split("|")
        for member in kind.members:
            assert f"`{member.name}`" in (credentials if member.credential else readable)
