"""A bundle as the public engine makes one, one of our own, and people who carry them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from instances.models import Instance

BASE = "/api/instances/my-assistant"
IMPORT = "/api/instances/import"
# Valid as a value of every kind that a bundle must not have.
MARKER = "marker7f3a9c0b"
CONTENT: list[tuple[str, dict[str, Any]]] = [
    ("/secrets", {"secrets": [{"key": "openai_api_key", "value": MARKER},
                              {"key": "custom", "value": MARKER}]}),
    ("/channels/telegram", {"config": {"botToken": f"1:{MARKER}", "allowedUserIds": "12, 34"},
                            "enabled": True}),
    ("/channels/slack", {"config": {"botToken": f"xoxb-{MARKER}"}}),
    ("/skills/search/env", {"env": [{"key": "TOKEN", "value": MARKER},
                                    {"key": "REGION", "value": "eu", "sensitive": False},
                                    {"key": "EMPTY", "value": "", "sensitive": False}]}),
]  # fmt: skip


@pytest.fixture
def engine_bundle() -> dict[str, Any]:
    """What ``GET …/export`` of the public engine answers, with something of everything."""
    path = Path(__file__).with_name("engine_bundle.json")
    bundle: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return bundle


@pytest.fixture
def client(client_of: Callable[..., APIClient], owner: User) -> APIClient:
    """The client of an admin of ``my-assistant``, who may also add instances."""
    owner.user_permissions.add(Permission.objects.get(codename="add_instance"))
    return client_of(owner)


@pytest.fixture
def filled(client: APIClient, instance: Instance) -> Instance:
    """``my-assistant`` with secrets, channels and skill env; every credential has the marker."""
    for path, body in CONTENT:
        assert client.put(f"{BASE}{path}", body).status_code == 200
    return instance


def bundle(**members: Any) -> dict[str, Any]:
    """The smallest bundle, with these members of its instance."""
    inside = {"slug": "new", "name": "New", **members}
    return {"version": "1.0", "type": "instance", "instance": inside}


def warned(response: Any) -> list[tuple[str, ...]]:
    """The warnings of an answer: the type, and the names that it has for programs."""
    found = []
    for warning in response.json()["warnings"]:
        assert warning.pop("message")
        names = warning.pop("names", [])
        found.append((warning.pop("type"), *warning.values(), *names))
    return found
