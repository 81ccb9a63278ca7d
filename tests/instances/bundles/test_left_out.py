"""What an entry of ``secrets`` or ``skillEnv`` may have beside what is taken: it is left out."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from instances.models import Instance
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from tests.instances.bundles.conftest import BASE, IMPORT, MARKER, bundle, warned

M = MARKER[::-1]
SECRETS = [
    {"key": "region", "configured": True, "value": M},
    {"key": "openai_api_key", "configured": True, "value": M},
    {"key": "off", "configured": False, "value": {"a": [M]}},
    {"key": "plain", "configured": True, "value": None, "sensitive": False, M: M},
]
ENV = [
    {"skillSlug": "search", "key": "NEW", "encrypted": True, "hasValue": False, "value": M},
    {"skillSlug": "search", "key": "TOKEN", "encrypted": True, "value": [M]},
    {"skillSlug": "search", "key": "REGION", "encrypted": False, "value": "us", "password": M},
]
CONTENT = bundle(secrets=SECRETS, skillEnv=ENV)


def test_a_value_of_a_newer_engine_is_not_taken_and_asked_for(client: APIClient) -> None:
    response = client.post(IMPORT, CONTENT)
    assert response.status_code == 201
    messages = [each["message"] for each in response.json()["warnings"]]
    assert messages[0] == "Set the secret region. Its value in the bundle was not taken."
    assert warned(response) == [
        ("secret_required", "region"),
        ("secret_required", "openai_api_key"),
        ("secret_required", "off"),
        ("secret_required", "plain"),
        ("unsupported", "plain"),
        ("skill_env_required", "search", "NEW"),
        ("skill_env_required", "search", "TOKEN"),
        ("unsupported", "search", "REGION"),
    ]
    made = Instance.objects.get(slug="new")
    assert InstanceSkillEnv.objects.reveal(made, "search") == {"REGION": "us"}
    assert not InstanceSecret.objects.filter(instance=made).exists()


def test_what_is_set_here_is_kept_and_not_asked_for(client: APIClient, filled: Instance) -> None:
    assert warned(client.post(f"{BASE}/import", CONTENT)) == [
        ("secret_required", "region"),
        ("unsupported", "openai_api_key"),
        ("secret_required", "off"),
        ("secret_required", "plain"),
        ("unsupported", "plain"),
        ("skill_env_required", "search", "NEW"),
        ("unsupported", "search", "TOKEN"),
        ("unsupported", "search", "REGION"),
    ]
    assert InstanceSecret.objects.reveal(filled, "openai_api_key") == MARKER
    assert InstanceSkillEnv.objects.reveal(filled, "search")["TOKEN"] == MARKER


@pytest.mark.parametrize("query", ["", "?plan=1"])
def test_nothing_that_is_left_out_is_stored_logged_or_repeated(
    client: APIClient,
    filled: Instance,
    raw_rows: Callable[[str], list[dict[str, Any]]],
    caplog: pytest.LogCaptureFixture,
    query: str,
) -> None:
    with caplog.at_level(logging.DEBUG):
        responses = [client.post(f"{url}{query}", CONTENT) for url in (IMPORT, f"{BASE}/import")]
    assert all(each.status_code < 300 and M not in each.content.decode() for each in responses)
    assert M not in client.get(f"{BASE}/export").content.decode()
    assert M not in str([raw_rows(name) for name in connection.introspection.table_names()])
    assert M not in caplog.text
