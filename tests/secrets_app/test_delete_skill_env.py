"""DELETE /api/instances/{slug}/skills/{skill}/env/{key}"""

from typing import Any

import pytest
from rest_framework.test import APIClient

from instances.models import Instance
from secrets_app.models import InstanceSkillEnv

URL = "/api/instances/my-assistant/skills/search/env"


@pytest.fixture
def filled(api: APIClient) -> APIClient:
    entries: list[dict[str, Any]] = [
        {"key": "TOKEN", "value": "t"},
        {"key": "LANG", "value": "de", "sensitive": False},
    ]
    assert api.put(URL, {"env": entries}).status_code == 200
    return api


@pytest.mark.parametrize(("key", "kept"), [("TOKEN", "LANG"), ("LANG", "TOKEN")])
def test_a_variable_is_gone_at_once(filled: APIClient, key: str, kept: str) -> None:
    response = filled.delete(f"{URL}/{key}")
    assert (response.status_code, response.json()) == (200, {"deleted": True})
    assert list(InstanceSkillEnv.objects.values_list("key", flat=True)) == [kept]


def test_what_does_not_exist_is_not_found(filled: APIClient) -> None:
    for key in ("NO_SUCH", "token", "T", "K" * 256, "TOKEN%0a", "9"):
        assert filled.delete(f"{URL}/{key}").status_code == 404, key
        assert InstanceSkillEnv.objects.count() == 2, key


def test_a_variable_of_another_skill_or_instance_stays(
    filled: APIClient, instance: Instance, other_instance: Instance
) -> None:
    rows = [(instance, "other"), (other_instance, "search")]
    for where, skill in rows:
        InstanceSkillEnv.objects.create(
            instance=where, skill_slug=skill, key="TOKEN", value="v", sensitive=True
        )
    filled.delete(f"{URL}/TOKEN")
    assert InstanceSkillEnv.objects.filter(key="TOKEN").count() == 2


def test_an_unreadable_variable_can_be_deleted(filled: APIClient, settings: Any) -> None:
    settings.ENCRYPTION_KEY = "2e" * 32
    assert filled.delete(f"{URL}/LANG").status_code == 200


def test_only_delete_is_a_method_of_one_variable(filled: APIClient) -> None:
    response = filled.get(f"{URL}/LANG")
    assert response.status_code == 405
    assert response["Allow"] == "DELETE, OPTIONS"


def test_all_variables_cannot_be_deleted_at_once(filled: APIClient) -> None:
    assert filled.delete(URL).status_code == 405
    assert InstanceSkillEnv.objects.count() == 2
