"""GET and PUT /api/instances/{slug}/skills/{skill}/env"""

from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from instances.models import Instance
from polyant.exceptions import Conflict
from secrets_app.models import InstanceSkillEnv

URL = "/api/instances/my-assistant/skills/search/env"


def put(api: APIClient, *entries: dict[str, Any]) -> Any:
    return api.put(URL, {"env": list(entries)})


def env(key: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"key": key, "value": value, **more}


def revealed(instance: Instance) -> dict[str, str]:
    return InstanceSkillEnv.objects.reveal(instance, "search")


def test_a_skill_without_variables_has_an_empty_list(api: APIClient) -> None:
    assert api.get(URL).json() == {"env": []}


def test_a_variable_is_sensitive_unless_it_says_otherwise(
    api: APIClient, instance: Instance
) -> None:
    response = put(api, env("B", "secret"), env("A", "open", sensitive=False))
    assert response.status_code == 200
    listed = response.json()["env"]
    assert all(each.pop("updatedAt").endswith("Z") for each in listed)
    assert listed == [
        {"key": "A", "value": "open", "sensitive": False, "configured": True},
        {"key": "B", "value": "", "sensitive": True, "configured": True},
    ]
    assert revealed(instance) == {"A": "open", "B": "secret"}


def test_the_answer_is_the_listing_sorted_by_key(api: APIClient) -> None:
    keys = ["b", "a_", "A", "_z", "aB", "B1", "a1"]
    response = put(api, *[env(key, "v") for key in keys])
    assert response.json() == api.get(URL).json()
    assert [each["key"] for each in response.json()["env"]] == sorted(keys)


@pytest.mark.parametrize(
    ("skill", "key"),
    [
        ("search", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
        ("d41d8cd98f00b204e9800998ecf8427e", "K"),
    ],
)
def test_a_credential_in_the_place_of_a_name_is_refused_and_not_repeated(
    api: APIClient, skill: str, key: str
) -> None:
    response = api.put(URL.replace("search", skill), {"env": [env(key, "v")]})
    assert response.status_code == 400
    assert "looks like a credential" in response.json()["message"]
    assert not {skill, key} - {"search", "K"} & {*response.content.decode().split('"')}
    assert not InstanceSkillEnv.objects.exists()


def test_what_is_not_named_is_kept_and_what_is_named_is_replaced(
    api: APIClient, instance: Instance
) -> None:
    put(api, env("A", "1"), env("B", "2"))
    put(api, env("B", "3"))
    assert revealed(instance) == {"A": "1", "B": "3"}


def test_skills_have_their_variables_apart(api: APIClient, instance: Instance) -> None:
    other = "/api/instances/my-assistant/skills/other/env"
    put(api, env("A", "1"))
    assert api.put(other, {"env": [env("A", "2")]}).status_code == 200
    assert revealed(instance) == {"A": "1"}
    assert len(api.get(other).json()["env"]) == 1


def test_a_readable_variable_may_become_sensitive(api: APIClient, instance: Instance) -> None:
    put(api, env("A", "1", sensitive=False))
    (shown,) = put(api, env("A", "2")).json()["env"]
    assert (shown["sensitive"], shown["value"]) == (True, "")
    assert revealed(instance) == {"A": "2"}


def test_a_sensitive_variable_never_becomes_readable(api: APIClient, instance: Instance) -> None:
    put(api, env("A", "1"), env("B", "2", sensitive=False))
    response = put(api, env("B", "3", sensitive=False), env("A", "4", sensitive=False))
    assert response.status_code == 409
    assert revealed(instance) == {"A": "1", "B": "2"}
    api.delete(f"{URL}/A")
    assert put(api, env("A", "4", sensitive=False)).status_code == 200


def test_turning_the_flag_in_the_database_shows_nothing(api: APIClient) -> None:
    put(api, env("A", "hidden"), env("B", "open", sensitive=False))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE instance_skill_env SET sensitive = %s", [False])
    a, b = api.get(URL).json()["env"]
    assert (a["value"], a["unreadable"]) == (None, "tampered")
    assert b["value"] == "open"


def test_one_row_that_cannot_be_opened_spares_the_others(api: APIClient, settings: Any) -> None:
    put(api, env("A", "old", sensitive=False))
    settings.ENCRYPTION_KEY = "2e" * 32
    put(api, env("B", "new", sensitive=False))
    a, b = api.get(URL).json()["env"]
    assert (a["value"], a["unreadable"], b["value"]) == (None, "unknown key", "new")


def test_what_an_import_brings_never_makes_a_sensitive_variable_readable(
    api: APIClient, instance: Instance
) -> None:
    # As where it became sensitive between the plan of an import and its being carried out.
    put(api, env("A", "hidden"), env("B", "old", sensitive=False))
    values = {("search", "B"): "new", ("search", "A"): "shown"}
    with pytest.raises(Conflict, match="stored as sensitive stays so"):
        InstanceSkillEnv.objects.set_readable(instance, values, None)
    assert revealed(instance) == {"A": "hidden", "B": "old"}


def test_an_empty_value_is_for_readable_variables_only(api: APIClient, instance: Instance) -> None:
    assert put(api, env("A", "", sensitive=False)).status_code == 200
    for entry in (env("B", ""), env("B", "", sensitive=True)):
        response = put(api, env("C", "v"), entry)
        assert response.status_code == 400
        assert [each["path"] for each in response.json()["errors"]] == ["env.1.value"]
    assert revealed(instance) == {"A": ""}


def test_keys_of_the_pattern_are_accepted(api: APIClient, instance: Instance) -> None:
    keys = ["A", "_", "a9", "K" * 255]
    response = put(api, *[env(key, "v") for key in keys])
    assert response.status_code == 200, response.content
    assert revealed(instance) == dict.fromkeys(keys, "v")


OTHER_KEYS: list[Any] = ["", "9A", "A-B", "A B", "A=B", "A\n", "K" * 256, "É", None, 1, [], {}]


def test_other_keys_are_refused_and_nothing_is_stored(api: APIClient, instance: Instance) -> None:
    for key in OTHER_KEYS:
        response = put(api, env("GOOD", "v"), {"key": key, "value": "v"})
        assert response.status_code == 400, repr(key)
        assert [each["path"] for each in response.json()["errors"]] == ["env.1.key"], repr(key)
        assert revealed(instance) == {}, repr(key)


INVALID: list[Any] = [
    env("A", None), env("A", 1), env("A", ["v"]), env("A", "x" * 49_153), {"key": "A"},
    env("A", "v", sensitive=None), env("A", "v", sensitive="false"), env("A", "v", sensitive=0),
    env("A", "v", secret=True), env("GOOD", "again"), "A=v", None,
]  # fmt: skip


def test_one_invalid_entry_leaves_everything_as_it_was(api: APIClient, instance: Instance) -> None:
    put(api, env("GOOD", "old"))
    for entry in INVALID:
        name = repr(entry)[:60]
        assert put(api, env("GOOD", "new"), entry).status_code == 400, name
        assert revealed(instance) == {"GOOD": "old"}, name


def test_a_skill_that_is_no_slug_is_not_found(api: APIClient) -> None:
    for skill in ("Search", "-search", "search-", "se.arch", "s" * 101, "a%0a"):
        url = f"/api/instances/my-assistant/skills/{skill}/env"
        assert api.get(url).status_code == 404, skill
        assert api.put(url, {"env": [env("A", "v")]}).status_code == 404, skill
