"""The net under what is kept of a bundle."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from instances.bundles.credentials import find_faults, is_key
from instances.bundles.known_names import KNOWN_NAMES
from instances.models import Instance
from tests.instances.bundles.conftest import IMPORT, MARKER, bundle

R = f"{MARKER}Xy4Z"  # as random as the end of a key
KEYS = [
    f"sk-{R}", f"sk-proj-{R}", f"sk-ant-api03-A_b-{R}-AA", f"sk_live_{R}", f"xoxb-1-2-{R}",
    f"xoxp-1-{R}", f"xapp-1-A1-2-{R}", f"ghp_{R}", f"github_pat_1A_{R}", f"glpat-{R}",
    f"glpat-{MARKER}-a_b-c", f"lsv2_pt_{R}_0a", f"tvly-dev-{R}", f"hf_{R}",
    "AKIA" + "7F3A9C0B" * 2, "ASIA" + "7F3A9C0B" * 2, f"AIza{R * 2}"[:39],
    f"Bearer {R}", f"basic  {R}==", f"123456789:AA{R}-{R}"[:45], f"bot123456789:AA{R}-{R}"[:48],
    f"eyJ{MARKER}.{MARKER}.x", f"eyJ{MARKER}..{MARKER}.x.y", f"ply_{R}_{R * 2}",
    f"v1.{'0f' * 8}.{R * 3}", "-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----", f"https://user:{MARKER}@db.example.com/x",
    f"postgres://:{MARKER}@host", f"https://x/?api_key={MARKER}", f"https://x/?a=b&token={MARKER}",
    f"https://x/?access_token={MARKER}#x", f"Server=db;Password={MARKER}",
]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["token", "botToken", "access_token", "clientSecret", "PASSWORD", "api-key", "apiKey",
     "aws_secret_access_key", "privateKey", "Authorization", "credentials", "set-cookie",
     "apiKeys", "tokens", "pwd", "bearer", "dbUrl", "DATABASE_URL", "openaiKey", "secretValue",
     "tokenValue", "client_secret_", "apiKey ", " api key", "sentryDsn", "OPENAI_API_KEY_2"],
)  # fmt: skip
def test_a_text_under_the_name_of_a_credential_is_found(name: str) -> None:
    for value in ("x", ["x"], {"a": {"b": "x"}}, "{{a}} x", "Bearer x", "Token"):
        ((path, fault),) = find_faults({"a": [{"b": {"c": 1, name: value}}]})
        assert path == f"*1.0.*1.{name if name in KNOWN_NAMES else '*2'}"
        assert fault.code == "credential"


@pytest.mark.parametrize("named", [{"name": "Authorization"}, {"key": "x-api-key"}])
def test_a_value_of_a_pair_is_named_by_its_pair(named: dict[str, str]) -> None:
    assert [path for path, _ in find_faults({"headers": [{**named, "value": "x"}]})] == [
        "headers.0.value"
    ]
    for pair in ({**named, "value": "{{state.x}}"}, {"name": "Accept", "value": "x"}, named):
        assert list(find_faults({"headers": [pair]})) == []


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
     {"token": "Bearer {{state.session}}"}, {"Authorization": "basic  {{ a }}{{b}} "},
     {"webContextFieldMapping": {"token": "caller.token", "apiKey": "caller.keys[0]"}},
     {"passwordResetPrompt": "x"}, {"tokenOfThanks": "x"}, {"maxTokens": "4096"},
     {"title": "Basic responsibilities"}, {"locale": "sk-SK"},
     {"content": "The bearer of a ticket"}, {"url": "https://{{user}}:{{password}}@example.com"},
     {"content": "A key begins with sk-..."}, {"content": "basic authentication-explained-2024"},
     {"content": "See https://wiki.example.com/ls-command-examples-2023"},
     {"content": "See https://wiki.example.com/sk-learn-tutorial-2024"},
     {"content": "https://user@example.com:8080/a:b@c?token={{state.token}}&q=1"},
     {"content": f"sha256:{'0f' * 32} 550e8400-e29b-41d4-a716-446655440000"},
     {"content": "-----BEGIN CERTIFICATE-----"}],
)  # fmt: skip
def test_other_members_are_let_through(members: dict[str, Any]) -> None:
    assert list(find_faults(members)) == []


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_a_known_form_is_found_wherever_it_stands(key: str) -> None:
    for data in ({"note": key}, {"a": [[f"Use {key}, please"]]}, {key: True}):
        ((path, fault),) = find_faults(data)
        assert fault.code == "credential"
        assert MARKER not in path


@pytest.mark.parametrize("front", ["", " ", "_", "-", "é", "٣", "\n", "x", "7"])
def test_a_key_begins_where_no_letter_or_digit_of_ascii_stands(front: str) -> None:
    for key in (key for key in KEYS if key[0].isalpha() and key[:3] != "bot"):
        is_within = front in ("x", "7") or (front in ("_", "-") and key.startswith("eyJ"))
        is_address = "://" in key or ";" in key
        assert is_key(front + key) is (is_address or not is_within)


@pytest.mark.parametrize(("digits", "found"), [(5, False), (6, True), (12, True), (13, False)])
def test_a_key_of_a_bot_begins_with_six_to_twelve_digits(digits: int, found: bool) -> None:
    assert is_key(f"{'1' * digits}:AA{R}-{R}"[: digits + 36]) is found


@pytest.mark.parametrize(
    "part",
    ["eyJ", "1", "0a", "bearer ", "bearer\t", "a.", "token", "_", "-", "sk-", "sk-a-", "://", ":",
     "?token=", "://a:", "-----BEGIN ", "A ", "{{", "{{}}", "Aa", "eyJ.", "v1.", "ply_", " "],
)  # fmt: skip
def test_a_long_text_of_one_thing_is_looked_through_at_once(part: str) -> None:
    """A step for each pair of its characters takes ten seconds or more, instead of a blink."""
    long = part * (100_000 // len(part))
    runs = (part * 400 + " ") * (200 // len(part))
    found = dict(find_faults({"note": long, long: 1, "token": long, "text": runs}))
    # White space is no value, and what stands for a variable is no credential.
    assert ("token" in found) == (part not in {" ", "{{}}"})


def test_each_of_several_faults_is_listed_and_no_name_of_them(client: APIClient) -> None:
    content = bundle(**{f"{MARKER}1": {"password": "x"}, f"{MARKER}2": {"password": "y"}})
    errors = client.post(IMPORT, content).json()["errors"]
    assert [each["path"] for each in errors] == ["instance.*3.password", "instance.*4.password"]


def test_a_mapping_may_have_no_key_for_a_path() -> None:
    faults = find_faults({"webContextFieldMapping": {"token": f"sk-{R}"}})
    assert [path for path, _ in faults] == ["webContextFieldMapping.token"]


@pytest.mark.parametrize("name", ["token", "Authorization"])
def test_a_scheme_word_in_front_of_a_key_hides_nothing(name: str) -> None:
    assert len(list(find_faults({name: f"Bearer {MARKER}", "x": f"bearer {R}"}))) == 2


def test_a_bundle_of_the_public_engine_has_none(engine_bundle: dict[str, Any]) -> None:
    for section in ("secrets", "channels", "skillEnv"):
        del engine_bundle["instance"][section]
    assert list(find_faults(engine_bundle)) == []


@pytest.mark.parametrize("value", [f"sk-proj-{R}", {"pwd": MARKER}, {"x": {"password": 1}}])
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
