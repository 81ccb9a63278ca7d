"""A bundle as the public engine makes one, one of our own, and people who carry them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from channels_app.catalog import SLACK, TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import Instance
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from secrets_app.skill_env_managers import EnvEntry

BASE = "/api/instances/my-assistant"
IMPORT = "/api/instances/import"
# Valid as a value of every kind that a bundle must not have.
MARKER = "marker7f3a9c0b"
SECRETS = {"openai_api_key": MARKER, "custom": MARKER}
TELEGRAM_CONFIG = {"botToken": f"1:{MARKER}", "allowedUserIds": "12, 34"}
SLACK_CONFIG = {"botToken": f"xoxb-{MARKER}"}
ENV = [EnvEntry("TOKEN", MARKER), EnvEntry("REGION", "eu", False), EnvEntry("EMPTY", "", False)]


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
def filled(owner: User, instance: Instance) -> Instance:
    """``my-assistant`` with secrets, channels and skill env; every credential has the marker."""
    InstanceSecret.objects.set_many(instance, SECRETS, owner)
    InstanceChannel.objects.connect(instance, TELEGRAM, TELEGRAM_CONFIG, owner, enabled=True)
    InstanceChannel.objects.connect(instance, SLACK, SLACK_CONFIG, owner)
    InstanceSkillEnv.objects.set_many(instance, "search", ENV, owner)
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
