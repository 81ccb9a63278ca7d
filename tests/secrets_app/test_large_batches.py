"""The limits of a batch: 64 entries of 48 KiB, however JSON spells them."""

import json

import pytest
from rest_framework.test import APIClient

from instances.models import Instance
from secrets_app.models import InstanceSecret

URL = "/api/instances/my-assistant/secrets"
ENV_URL = "/api/instances/my-assistant/skills/search/env"


def batch(size: int, value: str, member: str = "secrets") -> dict[str, list[dict[str, str]]]:
    return {member: [{"key": f"{n:_>64}", "value": value} for n in range(size)]}


@pytest.mark.parametrize("value", ["x" * 49_152, "\x1f" * 49_152, "é" * 24_576, "🔑" * 12_288])
def test_a_full_batch_is_accepted_also_with_every_byte_escaped(
    api: APIClient, instance: Instance, value: str
) -> None:
    response = api.put(URL, json.dumps(batch(64, value)), content_type="application/json")
    assert response.status_code == 200
    rows = InstanceSecret.objects.filter(instance=instance)
    assert len(rows) == 64
    assert all(row.value.reveal() == value for row in rows)


def test_a_full_batch_may_be_indented(api: APIClient) -> None:
    body = json.dumps(batch(64, "\x1f" * 49_152), indent=8)
    assert api.put(URL, body, content_type="application/json").status_code == 200


def test_a_full_batch_of_skill_env_is_accepted_with_the_longest_keys(api: APIClient) -> None:
    entries = [{"key": f"K{n:_>254}", "value": "\x1f" * 49_152} for n in range(64)]
    body = json.dumps({"env": entries})
    assert api.put(ENV_URL, body, content_type="application/json").status_code == 200


@pytest.mark.parametrize(("url", "member"), [(URL, "secrets"), (ENV_URL, "env")])
def test_a_batch_of_65_is_refused(api: APIClient, url: str, member: str) -> None:
    response = api.put(url, batch(65, "v", member))
    assert response.status_code == 400
    assert [each["path"] for each in response.json()["errors"]] == [member]


@pytest.mark.parametrize("url", [URL, ENV_URL])
def test_a_body_beyond_a_full_batch_is_too_large(api: APIClient, url: str) -> None:
    body = json.dumps(batch(64, "v")) + " " * 20_000_000
    response = api.put(url, body, content_type="application/json")
    assert response.status_code == response.json()["statusCode"] == 413
    assert not InstanceSecret.objects.exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [("patch", ""), ("put", "/channels/telegram"), ("put", "/members/editor")],
)
def test_other_bodies_have_a_limit_too(
    api: APIClient, editor: object, instance: Instance, method: str, path: str
) -> None:
    instance.memberships.update(role="admin")
    call = getattr(api, method)
    url = f"/api/instances/my-assistant{path}"
    response = call(url, b"{}" + b" " * 2_000_000, content_type="application/json")
    assert response.status_code == 413
