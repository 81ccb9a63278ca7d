"""Nothing that is sent as a value is ever stored readable or given back."""

import json
from base64 import b64encode
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient

from instances.models import Instance
from secrets_app.models import InstanceSecret

BASE = "/api/instances/my-assistant"
M = "marker7f3a9c0b"  # a valid slug, key, variable, username and member name as well
GOOD = {"key": "openai_api_key", "value": "v"}
# Every kind of write that carries a value: path, body. None takes away what another brought.
WRITES: list[tuple[str, dict[str, Any]]] = [
    ("/secrets", {"secrets": [{"key": "openai_api_key", "value": M}]}),
    ("/secrets", {"secrets": [{"key": "custom", "value": f" {M}\n"}]}),
    ("/skills/search/env", {"env": [{"key": "K", "value": M}]}),
    ("/skills/search/env", {"env": [{"key": "L", "value": M, "sensitive": True}]}),
    ("/channels/telegram", {"config": {"botToken": f"1:{M}"}, "enabled": True}),
    ("/channels/slack", {"config": {"botToken": f"xoxb-{M}", "appToken": f"xapp-{M}"}}),
    ("/channels/slack", {"config": {"signingSecret": M}}),
    ("/channels/whatsapp", {"config": {"accountSid": f"AC{M}", "authToken": M}}),
]
READS = [
    "", "/secrets", "/secrets/openai_api_key", "/secrets/custom", "/channels", "/channels/slack",
    "/channels/telegram", "/channels/whatsapp", "/skills/search/env", "/members", "/audit",
    "/export", "/tokens",
]  # fmt: skip


def shows(response: Any) -> str:
    """Everything of an answer that a client sees."""
    return f"{response.status_code} {response.headers} {response.cookies} {response.content!r}"


@pytest.fixture
def found(db: None, raw_rows: Callable[[str], list[dict[str, Any]]]) -> Callable[[str], list[str]]:
    """The columns, of all tables, in which a text is found, plain or encoded."""

    def search(text: str) -> list[str]:
        raw = text.encode()
        spellings = {text, raw.hex(), *(b64encode(b"x" * n + raw)[4:-4].decode() for n in range(3))}
        return [
            f"{table}.{column}"
            for table in connection.introspection.table_names()
            for row in raw_rows(table)
            for column, cell in row.items()
            if any(each in str(bytes(cell) if isinstance(cell, memoryview) else cell)
                   for each in spellings)
        ]  # fmt: skip

    return search


def test_the_search_finds_what_is_stored_readable(
    found: Callable[[str], list[str]], instance: Instance
) -> None:
    Instance.objects.filter(pk=instance.pk).update(description=f"a {M} b", model=M.encode().hex())
    assert found(M) == ["instances.description", "instances.model"]


def test_a_value_is_in_no_answer_and_no_column(
    api: APIClient, found: Callable[[str], list[str]]
) -> None:
    for path, body in WRITES * 2:
        response = api.put(f"{BASE}{path}", body)
        assert response.status_code == 200, (path, body)
        assert M not in shows(response), (path, body)
        assert found(M) == [], (path, body)
    for read in READS:
        assert M not in shows(api.get(f"{BASE}{read}")), read
        assert M not in shows(api.options(f"{BASE}{read}")), read


def test_a_readable_variable_is_encrypted_all_the_same(
    api: APIClient, found: Callable[[str], list[str]]
) -> None:
    body = {"env": [{"key": "K", "value": M, "sensitive": False}]}
    assert M in shows(api.put(f"{BASE}/skills/search/env", body))
    assert found(M) == []


def test_a_password_is_stored_nowhere(
    anonymous: APIClient, found: Callable[[str], list[str]], make_user: Callable[..., User]
) -> None:
    make_user("somebody")
    for password in (M, "somebody"):
        body = {"username": "somebody", "password": password}
        assert M not in shows(anonymous.post("/api/auth/token", body))
    assert found(M) == []


@pytest.mark.django_db(transaction=True)
def test_a_replaced_or_deleted_value_is_in_no_byte_of_the_file(
    api: APIClient, instance: Instance
) -> None:
    replaced, kept = (uuid4().hex for _ in "12")  # the journal has what other tests named M
    for value, (path, body) in product((replaced, kept), WRITES):
        body = json.loads(json.dumps(body).replace(M, value))
        assert api.put(f"{BASE}{path}", body).status_code == 200
    InstanceSecret.objects.get(key="custom").value.reveal()
    api.delete(f"{BASE}/secrets/custom")
    files = database_files()
    assert any(b"openai_api_key" in file.read_bytes() for file in files)
    for value in (replaced, kept):
        assert [file.name for file in files if value.encode() in file.read_bytes()] == []


def database_files() -> list[Path]:
    """The database as a thief of the disk has it: tables, indexes and journal."""
    if connection.vendor == "sqlite":
        database = Path(connection.settings_dict["NAME"])
        return [database, *database.parent.glob(f"{database.name}-*")]
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(
            "SELECT current_setting('data_directory'), oid FROM pg_database"
            " WHERE datname = current_database()"
        )
        data, oid = cursor.fetchone()
    folders = (Path(data, "base", str(oid)), Path(data, "pg_wal"))
    return [file for folder in folders for file in folder.iterdir() if file.is_file()]


def entry(**members: Any) -> dict[str, Any]:
    return {"secrets": [GOOD, {"key": "k", "value": "v", **members}]}


def variable(**members: Any) -> dict[str, Any]:
    return {"env": [{"key": "K", "value": "v", **members}]}


ANY: list[Any] = [M, [M], {M: M}, [[M]], {M: 1}, {M: None}, {M: {M: M}}]
INVALID: list[tuple[str, str, Any]] = [
    *[("put", "/secrets", body) for body in [*ANY, {"secrets": M}, {"secrets": {M: M}}]],
    *[("put", "/secrets", {"secrets": [each]}) for each in ANY],
    *[("put", "/secrets", entry(key=key)) for key in (f"{M}-", M.upper(), M * 9, [M], {M: M})],
    *[("put", "/secrets", entry(value=value)) for value in ([M], {M: M}, M * 4096)],
    *[("put", "/secrets", body) for body in (entry(**{M: M}), {**entry(), M: M})],
    ("put", "/secrets", {"secrets": [{"key": M, "value": M}, {"key": M, "value": M}]}),
    ("put", "/secrets", {"secrets": [{"key": M, "value": M}] * 65}),
    ("put", "/secrets", {M: [{"key": M, "value": M}]}),
    *[("put", "/skills/search/env", body) for body in [*ANY, {"env": M}, {"env": [M]}]],
    *[("put", "/skills/search/env", variable(key=key)) for key in (f"9{M}", f"{M}=", [M], {M: M})],
    *[("put", "/skills/search/env", variable(value=value)) for value in ([M], {M: M}, M * 4096)],
    *[("put", "/skills/search/env", variable(sensitive=value)) for value in ANY],
    ("put", "/skills/search/env", variable(**{M: M})),
    ("put", "/skills/search/env", {"env": [{"key": M, "value": M}] * 2}),
    *[("put", "/channels/telegram", body) for body in ANY],
    *[("put", "/channels/telegram", {"config": config}) for config in ANY],
    *[("put", "/channels/telegram", {"config": {M: value}}) for value in (M * 400, "", 1, True)],
    *[("put", "/channels/telegram", {"config": {"botToken": value}})
      for value in (f"{M} ", f"••••{M}", [M], {M: M}, M * 400, f"{M}\n")],
    *[("put", "/channels/telegram", {"config": {"botToken": M, "allowedUserIds": M}})],
    *[("put", "/channels/slack", {"config": {name: M}}) for name in ("botToken", "appToken")],
    *[("put", "/channels/whatsapp", {"config": {"whatsappNumber": M, "authToken": M}})],
    *[("put", "/channels/telegram", {"config": {}, "enabled": value}) for value in ANY],
    ("put", "/channels/telegram", {"config": {}, M: M}),
    *[("put", f"/channels/{M}", {"config": {"botToken": M}})],
    *[("patch", "", {name: value})
      for name in ("status", "provider", "authEnabled") for value in (M, [M], {M: M})],
    *[("patch", "", {name: value})
      for name in ("name", "model") for value in ([M], {M: M}, M * 99)],
    *[("patch", "", body) for body in (M, [M], {M: M}, {"slug": M})],
    *[("put", "/members/viewer", {"role": value}) for value in ANY],
    *[("put", "/members/viewer", body) for body in ANY],
    ("put", f"/members/{M}", {"role": "viewer"}),
    ("delete", f"/members/{M}", None),
    ("get", f"/channels/{M}", None),
    ("delete", f"/channels/{M}", None),
    ("get", f"/secrets/{M}", None),
    ("delete", f"/secrets/{M}", None),
    ("delete", f"/skills/search/env/{M}", None),
    ("delete", f"/skills/{M}/env/K", None),
    ("put", f"/{M}", {M: M}),
]  # fmt: skip


def test_no_refusal_repeats_what_was_sent(
    client_of: Callable[..., APIClient],
    owner: User,
    viewer: User,
    found: Callable[[str], list[str]],
) -> None:
    client = client_of(owner)
    for method, path, body in INVALID:
        data = None if body is None else json.dumps(body)
        response = getattr(client, method)(f"{BASE}{path}", data, content_type="application/json")
        assert 400 <= response.status_code < 500, (method, path, body)
        assert M not in shows(response).lower(), (method, path, body)
    assert found(M) == []


BROKEN = [
    f'{{"secrets": [{{"key": "k", "value": "{M}', f'{{"{M}": 1, "{M}": 2}}',
    f'{{"a": "{M}\\u0000"}}', f'{{"a": "{M}\\ud800"}}', f"{M}", f'["{M}\n"]',
    f'{{"a": "{M}\udcff"}}', f"[NaN, {M}]", f'["{M}"' + "[" * 9000,
]  # fmt: skip


def test_no_refusal_repeats_a_body_that_is_no_json(api: APIClient) -> None:
    for raw in BROKEN:
        data = raw.encode(errors="surrogateescape")
        response = api.put(f"{BASE}/secrets", data, content_type="application/json")
        assert response.status_code == 400, raw[:50]
        assert M not in shows(response), raw[:50]


@pytest.mark.parametrize(
    ("username", "password"), [(M, M), ([M], M), ({M: M}, M), (M, [M]), (M * 20, M), (M, M * 99)]
)
def test_no_refused_sign_in_repeats_what_was_sent(
    anonymous: APIClient, username: Any, password: Any
) -> None:
    for body in ({"username": username, "password": password}, {M: username}, [M], M):
        response = anonymous.post("/api/auth/token", body)
        assert response.status_code in (400, 401)
        assert M not in shows(response)


def test_no_query_is_repeated(api: APIClient) -> None:
    for query in (f"limit={M}", f"after={M * 9}", f"limit={M}&after={M}", f"{M}=%00"):
        assert M not in shows(api.get(f"/api/instances?{query}")), query


HEADERS: list[dict[str, Any]] = [
    {"HTTP_AUTHORIZATION": f"Bearer ply_{M}"}, {"HTTP_AUTHORIZATION": f"Bearer {M}.a.b.c.d"},
    {"CONTENT_TYPE": f"text/{M}"}, {"HTTP_HOST": M}, {"HTTP_ORIGIN": M}, {"HTTP_ACCEPT": M},
]  # fmt: skip


def test_no_header_is_repeated(api: APIClient) -> None:
    for headers in HEADERS:
        response = api.generic("PUT", f"{BASE}/secrets", "{}", **headers)
        assert 400 <= response.status_code < 500, headers
        assert M not in shows(response), headers
