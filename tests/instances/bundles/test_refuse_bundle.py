"""Bundles that are refused: each fault at its path, without a word of the bundle."""

import json
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from instances.bundles import MAX_BYTES
from instances.models import Instance
from tests.instances.bundles.conftest import BASE, IMPORT, MARKER, bundle

M = MARKER
URLS = (IMPORT, f"{BASE}/import?plan=1")
SECRET = {"key": "a", "configured": True}
CHANNEL: dict[str, Any] = {"channelType": "telegram", "enabled": True}
ENV: dict[str, Any] = {"skillSlug": "s", "key": "K", "encrypted": False, "value": "v"}
FAULTY: list[tuple[Any, list[str]]] = [
    ([], [""]),
    (M, [""]),
    ({}, ["version", "type", "instance"]),
    ({**bundle(), "version": "2.0"}, ["version"]),
    ({**bundle(), "version": f"1.0{M}"}, ["version"]),
    ({**bundle(), "version": 1}, ["version"]),
    ({**bundle(), "type": "skills"}, ["type"]),
    ({**bundle(), "exportedAt": 5}, ["exportedAt"]),
    ({**bundle(), "instance": [M]}, ["instance"]),
    ({**bundle(), "instance": None}, ["instance"]),
    ({**bundle(), "instance": {}}, ["instance.name", "instance.slug"]),
    (bundle(slug=M.upper(), name=5, status=M, model=[M], provider=7, authEnabled="yes"),
     [f"instance.{name}" for name in
      ("slug", "name", "status", "model", "provider", "authEnabled")]),
    (bundle(secrets=M), ["instance.secrets"]),
    (bundle(secrets=[SECRET, M, {"key": M.upper(), "configured": True}, {"key": "b"}]),
     ["instance.secrets.1", "instance.secrets.2.key", "instance.secrets.3.configured"]),
    (bundle(secrets=[SECRET, {**SECRET, "value": M, M: M}]), ["instance.secrets.1.key"]),
    (bundle(channels=[{**CHANNEL, "config": {"botToken": M, "allowedUserIds": M}}]),
     ["instance.channels.0.config.botToken", "instance.channels.0.config.allowedUserIds"]),
    (bundle(channels=[CHANNEL, {**CHANNEL, "config": {"x": {"apiKeySecret": [M]}}}]),
     ["instance.channels.1.config.*1.apiKeySecret"]),
    (bundle(channels=[{**CHANNEL, "channelType": M, "config": {f"{M}Token": M}}]),
     ["instance.channels.0.config.*1"]),
    (bundle(channels=[{**CHANNEL, "enabled": M, "config": [M], "password": M}]),
     [f"instance.channels.0.{name}" for name in ("enabled", "config", "password")]),
    (bundle(channels=[CHANNEL, CHANNEL]), ["instance.channels.1.channelType"]),
    *((bundle(provider=name, channels=[{**CHANNEL, "channelType": name}]),
       ["instance.provider", "instance.channels.0.channelType"])
      for name in (f"sk-proj-{M}xy4z", f"sk-proj-{M.upper()}XY4Z", f"\x1b[2J{M}", f"{M} ", f"{M}\n",
                   f"{M}é", M * 4)),
    (bundle(skillEnv=[ENV, {**ENV, "value": "other"}, {**ENV, "skillSlug": "t"}]),
     ["instance.skillEnv.1.key"]),
    (bundle(skillEnv=[{**ENV, "value": None}, {**ENV, "key": f"9{M}"},
                      {**ENV, "key": "L", "encrypted": M, "value": "x" * 49_153}]),
     ["instance.skillEnv.0.value", "instance.skillEnv.1.key", "instance.skillEnv.2.encrypted",
      "instance.skillEnv.2.value"]),
    (bundle(mcpServers=[{"config": {"auth": {"token": M}}}], other={"client_secret": M}),
     ["instance.mcpServers.0.config.auth.token", "instance.*4.*1"]),
    (bundle(hooks=[{"actionConfig": {"args": {"apiKey": M, "token": "{{a.b}}"}}}]),
     ["instance.hooks.0.actionConfig.args.apiKey"]),
    (bundle(webhookSecret={"current": M}), ["instance.webhookSecret"]),
    ({**bundle(), M: {"Authorization": M}}, ["*4.*1"]),
    ({**bundle(secrets=[{**SECRET, "key": 5}]), "version": "3", "password": M},
     ["version", "instance.secrets.0.key", "password"]),
]  # fmt: skip
BROKEN = [
    b"", b"null", b"\xff", b"{", json.dumps(bundle(note=M)).encode()[:-9],
    b'{"version": "1.0", "version": "1.0"}', b'["\\u0000"]', b'["\\ud800"]', b"[NaN]",
    json.dumps(bundle(x=7)).replace("7", "1e400").encode(),
    b"[" * 40 + b"]" * 40, b"9" * 5000,
]  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_changes(
    client: APIClient, filled: Instance, raw_rows: Callable[[str], list[dict[str, Any]]]
) -> Iterator[None]:
    tables = [name for name in connection.introspection.table_names() if name != "access_tokens"]
    before = {table: raw_rows(table) for table in tables}
    yield
    assert {table: raw_rows(table) for table in tables} == before


def test_each_fault_is_named_where_it_is(client: APIClient) -> None:
    for url, (content, paths) in product(URLS, FAULTY):
        response = client.post(url, json.dumps(content), content_type="application/json")
        assert response.status_code == 400, (url, paths)
        assert {each["path"] for each in response.json()["errors"]} == {*paths}, url
        assert MARKER not in response.content.decode().lower(), (url, paths)


def test_what_is_no_json_is_refused(client: APIClient) -> None:
    for url, raw in product(URLS, BROKEN):
        response = client.post(url, raw, content_type="application/json")
        assert response.status_code == 400, (url, raw[:20])
        assert MARKER not in response.content.decode(), (url, raw[:20])


def test_a_bundle_may_have_ten_megabytes_and_no_more(client: APIClient) -> None:
    full = json.dumps(bundle(note="n" * (MAX_BYTES - 1000))).ljust(MAX_BYTES)
    for raw, status in ((full, 200), (f"{full} ", 413)):
        response = client.post(f"{IMPORT}?plan=1", raw, content_type="application/json")
        assert response.status_code == status


def test_a_section_may_have_ten_thousand_entries(client: APIClient) -> None:
    content = bundle(secrets=[{"key": f"k{n}", "configured": True} for n in range(10_001)])
    response = client.post(IMPORT, content)
    assert [each["path"] for each in response.json()["errors"]] == ["instance.secrets"]


def test_no_more_than_a_thousand_faults_are_listed(client: APIClient) -> None:
    response = client.post(IMPORT, bundle(secrets=[SECRET] * 2000))
    assert len(response.json()["errors"]) == 1000


def test_it_must_be_sent_as_json(client: APIClient) -> None:
    for url in URLS:
        assert client.post(url, "version=1.0", content_type="text/plain").status_code == 415
