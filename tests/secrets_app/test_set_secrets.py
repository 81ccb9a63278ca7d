"""PUT /api/instances/{slug}/secrets: what is accepted, and what is refused."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from instances.models import Instance
from secrets_app.models import InstanceSecret

URL = "/api/instances/my-assistant/secrets"
GOOD = {"key": "openai_api_key", "value": "sk-1"}


def put(api: APIClient, values: dict[str, Any]) -> Any:
    return api.put(URL, {"secrets": [{"key": key, "value": values[key]} for key in values]})


def stored(instance: Instance) -> dict[str, str]:
    return {row.key: row.value.reveal() for row in InstanceSecret.objects.filter(instance=instance)}


def test_a_batch_is_stored_and_answered_with_the_listing(
    api: APIClient, instance: Instance
) -> None:
    response = api.put(URL, {"secrets": [GOOD, {"key": "custom", "value": "c"}]})
    assert response.status_code == 200
    assert response.json() == api.get(URL).json()
    assert stored(instance) == {"openai_api_key": "sk-1", "custom": "c"}


def test_what_is_not_named_is_kept_and_what_is_named_is_replaced(
    api: APIClient, instance: Instance
) -> None:
    api.put(URL, {"secrets": [GOOD, {"key": "custom", "value": "c"}]})
    api.put(URL, {"secrets": [{"key": "custom", "value": "d"}]})
    assert stored(instance) == {"openai_api_key": "sk-1", "custom": "d"}


VALUES = [
    " a ", "\n", "a\r\n", "\t", "ключ", "🔑", "\x1f\x7f", "\\u0000", '"', "e\u0301", "\u2028",
    "\ufeffx", "\ufffe", "x" * 49_152, "é" * 24_576, "••••", "v1.0123456789abcdef." + "A" * 38,
]  # fmt: skip


def test_values_are_stored_byte_for_byte(api: APIClient, instance: Instance) -> None:
    values = {f"k{n}": value for n, value in enumerate(VALUES)}
    response = put(api, values)
    assert response.status_code == 200, response.content
    assert stored(instance) == values


def test_white_space_around_a_value_is_stored_with_a_warning(
    api: APIClient, instance: Instance
) -> None:
    values = {"front": " a", "fine": "a b", "line": "a\n", "tab": "\ta", "wide": "a\u00a0"}
    warnings = put(api, values).json()["warnings"]
    assert warnings == [
        {"key": key, "code": "surrounding_whitespace"} for key in ("front", "line", "tab", "wide")
    ]
    assert stored(instance) == values


def test_keys_of_the_pattern_are_accepted(api: APIClient, instance: Instance) -> None:
    values = dict.fromkeys(["a", "_", "0", "k" * 64, "serpapi_api_key"], "v")
    response = put(api, values)
    assert response.status_code == 200, response.content
    assert stored(instance) == values


OTHER_KEYS: list[Any] = [
    "", "A", "a-b", "a b", "a.b", "a\n", "\na", "k" * 65, "ß", "١", "a/b", None, 1, True, [], {},
]  # fmt: skip


def test_other_keys_are_refused_at_their_place(api: APIClient, instance: Instance) -> None:
    for key in OTHER_KEYS:
        response = api.put(URL, {"secrets": [GOOD, {"key": key, "value": "v"}]})
        assert response.status_code == 400, repr(key)
        assert [each["path"] for each in response.json()["errors"]] == ["secrets.1.key"], repr(key)
        assert stored(instance) == {}, repr(key)


@pytest.mark.parametrize(
    "key", ["ghp_16c7e42f292c6912e7710c838347ae178b4a", "d41d8cd98f00b204e9800998ecf8427e"]
)
def test_a_credential_in_the_place_of_a_name_is_refused_and_not_repeated(
    api: APIClient, instance: Instance, key: str
) -> None:
    response = api.put(URL, {"secrets": [{"key": key, "value": "v"}]})
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "invalid_key"
    assert key not in response.content.decode()
    assert stored(instance) == {}


def test_names_that_only_begin_like_a_credential_are_names(api: APIClient) -> None:
    keys = ["a" * 64, "sk_key", "ls_api_key_of_the_old_team", "github_pat_2"]
    response = put(api, dict.fromkeys(keys, "v"))
    assert response.status_code == 200, response.content


OTHER_VALUES: list[Any] = ["", None, 1, 1.5, True, [], ["v"], {}, "x" * 49_153, "é" * 24_577]


def test_one_invalid_entry_leaves_everything_as_it_was(api: APIClient, instance: Instance) -> None:
    api.put(URL, {"secrets": [GOOD]})
    for value in OTHER_VALUES:
        response, name = put(api, {"openai_api_key": "sk-2", "custom": value}), repr(value)[:20]
        assert response.status_code == 400, name
        assert [each["path"] for each in response.json()["errors"]] == ["secrets.1.value"], name
        assert stored(instance) == {"openai_api_key": "sk-1"}, name


def test_every_invalid_entry_is_named(api: APIClient) -> None:
    entries = [GOOD, {"key": "A", "value": ""}, {"value": "v"}, {"key": "k"}]
    errors = api.put(URL, {"secrets": entries}).json()["errors"]
    assert [each["path"] for each in errors] == [
        "secrets.1.key", "secrets.1.value", "secrets.2.key", "secrets.3.value",
    ]  # fmt: skip


def test_a_key_twice_in_a_batch_is_refused(api: APIClient, instance: Instance) -> None:
    response = api.put(URL, {"secrets": [GOOD, {"key": "k", "value": "v"}, GOOD]})
    assert response.status_code == 400
    assert [(each["path"], each["code"]) for each in response.json()["errors"]] == [
        ("secrets.2.key", "duplicate_key")
    ]
    assert stored(instance) == {}


SHAPES: list[Any] = [
    {}, {"secrets": []}, {"secrets": None}, {"secrets": {}}, {"secrets": "x"}, {"secrets": 1},
    {"secrets": [None]}, {"secrets": [[]]}, {"secrets": ["k"]}, {"secrets": [GOOD], "other": 1},
    {"secrets": [{**GOOD, "sensitive": True}]}, {"Secrets": [GOOD]}, [GOOD], [], "x", 1, True,
    {"openai_api_key": "sk-1"},
]  # fmt: skip


def test_a_body_of_another_shape_or_of_nothing_is_refused(
    api: APIClient, instance: Instance
) -> None:
    for body in [*map(json.dumps, SHAPES), b"", b"null", b" "]:
        response = api.put(URL, body, content_type="application/json")
        assert response.status_code == 400, repr(body)
        assert stored(instance) == {}, repr(body)


def test_the_curl_line_of_the_guide_works_to_the_letter(api: APIClient, instance: Instance) -> None:
    body = """{
      "secrets": [
        { "key": "openai_api_key", "value": "sk-..." },
        { "key": "langsmith_api_key", "value": "ls_..." }
      ]
    }"""
    response = api.put(URL, body, content_type="application/json")
    configured = [each["key"] for each in response.json()["secrets"] if each["configured"]]
    assert configured == ["openai_api_key", "langsmith_api_key"]
