"""The net under what is kept of a bundle."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from instances.bundles.credentials import find_faults
from instances.models import Instance
from tests.instances.bundles.conftest import IMPORT, MARKER, bundle

KEYS = [
    f"sk-proj-{MARKER}", f"Bearer {MARKER}0123", f"ply_{MARKER}", f"123456:{MARKER * 3}",
    f"eyJ{MARKER}.{MARKER}.x", "0f" * 32, f"v1.{'0f' * 8}.{MARKER}",
]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["token", "botToken", "access_token", "clientSecret", "PASSWORD", "api-key", "apiKey",
     "aws_secret_access_key", "privateKey", "Authorization", "credentials", "set-cookie",
     "apiKeys", "tokens", "pwd", "bearer", "dbUrl", "DATABASE_URL", "openaiKey", "secretValue",
     "tokenValue", "client_secret_", "apiKey ", " api key", "tokenOfTheBot", "sentryDsn"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["x", ["x"], {"a": {"b": "x"}}, "{{a}} x"])
def test_a_text_under_the_name_of_a_credential_is_found(name: str, value: Any) -> None:
    ((path, fault),) = find_faults({"a": [{"b": {name: value}}]})
    assert path.startswith("*.0.*.")
    assert fault.code == "credential"


@pytest.mark.parametrize("name", ["password", "passwords", "apiKey", "token", "secret_value "])
@pytest.mark.parametrize("value", [123456, 1.5, [123456]])
def test_a_number_under_the_plain_name_is_found(name: str, value: Any) -> None:
    assert len(list(find_faults({name: value}))) == 1


@pytest.mark.parametrize(
    "members",
    [{"sectionKey": "identity"}, {"optoutStopKeywords": ["STOP"]}, {"tokenEndpoint": "https://x"},
     {"authorization_endpoint": "https://x"}, {"maxTokens": 5}, {"tokenCount": 5},
     {"max_output_tokens": 4096}, {"tokens": {"input": 7}}, {"tokenLimit": 5}, {"tokenizer": "x"},
     {"token_endpoint_auth_methods_supported": ["client_secret_post"]}, {"token": None},
     {"token": ""}, {"token": " "}, {"secret": {}}, {"token": "{{state.session}}"},
     {"password": True}, {"headerName": "Authorization"}, {"googleKeywords": ["x"]},
     {"title": "Basic responsibilities"}, {"locale": "sk-SK"},
     {"content": "The bearer of a ticket"},
     {"content": "A key begins with sk-..."}],
)  # fmt: skip
def test_other_members_are_let_through(members: dict[str, Any]) -> None:
    assert list(find_faults(members)) == []


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_a_known_form_is_found_wherever_it_stands(key: str) -> None:
    for data in ({"note": key}, {"a": [[f"Use {key}, please"]]}, {key: True}):
        ((path, fault),) = find_faults(data)
        assert fault.code == "credential"
        assert MARKER not in path


@pytest.mark.parametrize("part", ["eyJ", "1", "bearer ", "a.", "token", "_", "sk-"])
def test_megabytes_of_one_thing_are_looked_through_at_once(part: str) -> None:
    long = part * (2_000_000 // len(part))
    list(find_faults({"note": long, long: 1}))


def test_a_bundle_of_the_public_engine_has_none(engine_bundle: dict[str, Any]) -> None:
    for section in ("secrets", "channels", "skillEnv"):
        del engine_bundle["instance"][section]
    assert list(find_faults(engine_bundle)) == []


@pytest.mark.parametrize("value", [f"sk-proj-{MARKER}", {"pwd": MARKER}, {"x": {"password": 1}}])
def test_a_bundle_with_one_is_refused_without_a_word_of_it(client: APIClient, value: Any) -> None:
    response = client.post(IMPORT, bundle(note=value))
    assert response.status_code == 400
    assert {each["code"] for each in response.json()["errors"]} == {"credential"}
    assert MARKER not in response.content.decode()
    assert not Instance.objects.filter(slug="new").exists()


def test_a_warning_repeats_no_name_that_is_not_known(client: APIClient) -> None:
    content = {**bundle(prompts=["p"], **{f"sk-{MARKER[:5]}": True}), f"{MARKER}name": 1}
    (warning,) = client.post(IMPORT, content).json()["warnings"]
    assert warning["names"] == ["prompts"]
    assert "prompts, 2 more" in warning["message"]
    assert MARKER[:5] not in json.dumps(warning)
