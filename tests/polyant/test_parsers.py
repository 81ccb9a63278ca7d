"""Bodies that two programs could read as two things, or that no program should read."""

import json
from itertools import product
from typing import Any

import pytest
from rest_framework.exceptions import ParseError
from rest_framework.test import APIClient

from channels_app.models import InstanceChannel
from instances.models import Instance
from polyant.parsers import parse_json
from secrets_app.models import InstanceSecret, InstanceSkillEnv

BASE = "/api/instances/my-assistant"
HARMFUL = {
    "not JSON": b"{",
    "single quotes": b"{'secrets': []}",
    "two values": b"{} {}",
    "trailing comma": b'{"secrets": [],}',
    "comment": b'{"secrets": [] /* */}',
    "not UTF-8": b'{"secrets": [{"key": "k", "value": "\xff"}]}',
    "Latin-1": '{"secrets": [{"key": "k", "value": "é"}]}'.encode("latin-1"),
    "UTF-16": '{"secrets": [{"key": "k", "value": "v"}]}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"secrets": [{"key": "k", "value": "v"}]}',
    "overlong UTF-8": b'{"secrets": [{"key": "k", "value": "\xc0\x80"}]}',
    "NUL": b'{"secrets": [{"key": "k", "value": "a\\u0000b"}]}',
    "bare NUL": b'{"secrets": [{"key": "k", "value": "a\0b"}]}',
    "NUL in a name": b'{"\\u0000": 1}',
    "high surrogate alone": b'{"secrets": [{"key": "k", "value": "\\ud83d"}]}',
    "low surrogate alone": b'{"secrets": [{"key": "k", "value": "\\udd11x"}]}',
    "surrogates as UTF-8": b'{"secrets": [{"key": "k", "value": "\xed\xa0\xbd\xed\xb4\x91"}]}',
    "a member twice": b'{"secrets": [{"key": "k", "value": "a", "value": "b"}]}',
    "a member twice, once escaped": b'{"secrets": [{"key": "k", "k\\u0065y": "b", "value": "v"}]}',
    "everything twice": b'{"secrets": [], "secrets": [{"key": "k", "value": "v"}]}',
    "NaN": b'{"secrets": [{"key": "k", "value": NaN}]}',
    "Infinity": b'{"secrets": -Infinity}',
    "a number beyond floats": b'{"secrets": 1e999}',
    "a number of 10 000 digits": b'{"secrets": ' + b"9" * 10_000 + b"}",
    "deep lists": b"[" * 15_000,
    "deep closed lists": b"[" * 7_000 + b"]" * 7_000,
    "deep objects": b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
    "deeper than 32": b'{"secrets": ' + b"[" * 33 + b"]" * 33 + b"}",
    "control character": b'{"secrets": [{"key": "k", "value": "a\nb"}]}',
}  # fmt: skip
OTHER_KINDS = [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b",
    "application/octet-stream", "application/jsonx", "text/json", "application/problem+json",
    "*/*", "x", "marker-7f3a9c",
]  # fmt: skip
WRITES = [
    ("put", f"{BASE}/secrets"),
    ("put", f"{BASE}/skills/search/env"),
    ("put", f"{BASE}/channels/telegram"),
    ("patch", BASE),
    ("post", "/api/auth/token"),
]


def send(client: APIClient, method: str, url: str, body: Any, kind: str) -> Any:
    return getattr(client, method)(url, body, content_type=kind)


def test_a_harmful_body_is_refused_and_nothing_is_stored(
    api: APIClient, instance: Instance
) -> None:
    for (name, body), (method, url) in product(HARMFUL.items(), WRITES):
        response = send(api, method, url, body, "application/json")
        assert response.status_code == response.json()["statusCode"] == 400, (name, method, url)
    for model in (InstanceSecret, InstanceSkillEnv, InstanceChannel):
        assert not model._base_manager.exists()


@pytest.mark.parametrize("body", HARMFUL.values(), ids=HARMFUL)
def test_it_is_the_parser_that_refuses_a_harmful_body(body: bytes) -> None:
    """For every route: those of the table above would refuse most of them once more."""
    with pytest.raises(ParseError) as caught:
        parse_json(body)
    assert caught.value.__context__ is None, "it would hold the body"


@pytest.mark.parametrize("inside", [b"", b"1", b'"x"', b'"\\u00e9"', b'"\\udbff\\udfff"'])
def test_lists_and_objects_may_be_thirty_two_deep_whatever_is_inside(inside: bytes) -> None:
    for opened, closed in ((b"[", b"]"), (b'{"a":', b"}")):
        inmost = b"[" + inside + b"]"
        assert parse_json(opened * 31 + inmost + closed * 31)
        with pytest.raises(ParseError, match="nested deeper than 32 levels"):
            parse_json(opened * 32 + inmost + closed * 32)


def test_a_body_of_another_content_type_is_unsupported(api: APIClient, instance: Instance) -> None:
    for kind, (method, url) in product(OTHER_KINDS, WRITES):
        response = send(api, method, url, b'{"secrets": [{"key": "k", "value": "v"}]}', kind)
        assert response.status_code == response.json()["statusCode"] == 415, (kind, method, url)
        assert "marker" not in response.content.decode(), (kind, method, url)
    assert not InstanceSecret.objects.exists()


def test_a_body_without_a_content_type_is_unsupported(api: APIClient, instance: Instance) -> None:
    for method, url in WRITES:
        response = api.generic(method.upper(), url, '{"secrets": []}', content_type="")
        assert response.status_code == 415, (method, url)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_say_its_charset_and_be_spelled_otherwise(
    api: APIClient, instance: Instance, kind: str
) -> None:
    body = '{"secrets": [{"key": "k", "value": "ключ🔑"}]}'.encode()
    assert send(api, "put", f"{BASE}/secrets", body, kind).status_code == 200
    assert InstanceSecret.objects.reveal(instance, "k") == "ключ🔑"


def test_a_pair_of_escaped_surrogates_is_one_character(api: APIClient, instance: Instance) -> None:
    body = rb'{"secrets": [{"key": "k", "value": "\ud83d\udd11"}]}'
    assert send(api, "put", f"{BASE}/secrets", body, "application/json").status_code == 200
    assert InstanceSecret.objects.reveal(instance, "k") == "🔑"


def test_a_body_that_says_a_false_length_is_never_half_a_write(
    api: APIClient, instance: Instance
) -> None:
    body = json.dumps({"secrets": [{"key": "k", "value": "v" * 100}]})
    response = api.generic(
        "PUT", f"{BASE}/secrets", body, content_type="application/json", CONTENT_LENGTH="50"
    )
    assert response.status_code == 400
    assert not InstanceSecret.objects.exists()


def test_a_body_in_chunks_is_told_to_need_a_length(api: APIClient, instance: Instance) -> None:
    for method, url in WRITES:
        # As the server hands it on.
        response = api.generic(method.upper(), url, HTTP_TRANSFER_ENCODING="chunked")
        assert response.status_code == response.json()["statusCode"] == 411, (method, url)
        assert response.json()["error"] == "Length Required"
        assert "Content-Length" in response.json()["message"]


def test_the_answer_is_json_whatever_is_accepted(api: APIClient) -> None:
    for accept in ("text/html", "application/xml", "../..", "a/b/c", "\u00e9"):
        response = api.get(f"{BASE}/secrets", HTTP_ACCEPT=accept)
        assert response.status_code == 200, accept
        assert response["Content-Type"] == "application/json", accept


@pytest.mark.parametrize(
    "raw",
    [
        b'{"secrets":[' + (b"[" * 28 + b"]" * 28 + b",") * 12_000 + b"1]}",
        b'{"secrets":[' + b"1," * 400_000 + b"1]}",
        b'{"secrets":[' + b'"",' * 400_000 + b"1]}",
        b'{"secrets":["' + b'\\"' * 4_100_000,
    ],
    ids=["lists", "numbers", "strings", "quotes"],
)
def test_a_body_of_millions_of_values_is_refused_before_it_is_read(raw: bytes) -> None:
    with pytest.raises(ParseError, match="more than 300,000 values"):
        parse_json(raw)


def test_what_stands_in_a_string_is_no_value() -> None:
    text = '[,{"\\' * 200_000
    assert parse_json(json.dumps({"value": text}).encode()) == {"value": text}
