"""A bundle onto an instance whose rows need a key that is not here: they are asked for."""

from collections.abc import Callable
from typing import Any

from rest_framework.test import APIClient

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import Instance
from polyant.encryption.conf import get_keyring
from secrets_app.models import InstanceSecret
from tests.instances.bundles.conftest import BASE, MARKER, bundle, warned

URL = f"{BASE}/import"


def test_rows_that_need_a_key_that_is_not_here_are_asked_for_and_not_touched(
    client: APIClient,
    filled: Instance,
    settings: Any,
    raw_rows: Callable[[str], list[dict[str, Any]]],
) -> None:
    exported, needed = client.get(f"{BASE}/export").json(), get_keyring().primary.key_id
    sealed = [raw_rows("instance_secrets"), raw_rows("instance_skill_env")]
    settings.ENCRYPTION_KEY = "2e" * 32
    InstanceSecret.objects.set_many(filled, {"custom": MARKER}, None)
    sealed[0] = raw_rows("instance_secrets")
    lost = client.get(f"{BASE}/export").json()
    for planned in ("?plan=1", ""):
        response = client.post(f"{URL}{planned}", lost)
        warnings = response.json()["warnings"]
        told = [warning["message"] for warning in warnings if needed in warning["message"]]
        assert len(told) == len(warnings)
        assert warned(response) == [
            ("secret_required", "openai_api_key"),
            ("channel_credentials", "slack", "appToken", "botToken"),
            ("channel_credentials", "telegram", "botToken"),
            ("skill_env_required", "search", "EMPTY"),
            ("skill_env_required", "search", "REGION"),
            ("skill_env_required", "search", "TOKEN"),
        ]
    assert [raw_rows("instance_secrets"), raw_rows("instance_skill_env")] == sealed
    # A bundle with the readable values writes them anew.
    assert ("skill_env_required", "search", "REGION") not in warned(client.post(URL, exported))
    settings.ENCRYPTION_KEY = "1f" * 32
    assert InstanceChannel.objects.reveal(filled, TELEGRAM)["botToken"] == f"1:{MARKER}"


def test_a_value_that_a_lost_row_would_not_take_is_asked_for(
    client: APIClient, filled: Instance, settings: Any
) -> None:
    settings.ENCRYPTION_KEY = "2e" * 32
    content = bundle(
        secrets=[{"key": "openai_api_key", "configured": False},
                 {"key": "custom", "configured": False, "value": "x"}],
        skillEnv=[{"skillSlug": "search", "key": "TOKEN", "encrypted": False, "value": "shown"}],
    )  # fmt: skip
    response = client.post(URL, content)
    messages = [warning["message"] for warning in response.json()["warnings"]]
    assert all("was not taken" in message for message in messages)
    assert warned(response) == [
        ("secret_required", "custom"), ("skill_env_required", "search", "TOKEN"),
    ]  # fmt: skip
