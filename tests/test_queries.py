"""The number of queries of every request, pinned.

Signing in with a token is one, finding the instance with the caller's role in it is one more;
savepoints and the lock of a transaction count as queries here. Members are changed by those who are
admins still once they have the lock, which is one more.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from instances.models import Instance

BASE = "/api/instances/my-assistant"
SECRETS = {"secrets": [{"key": f"k{n}", "value": "v"} for n in range(20)]}
ENV: dict[str, Any] = {
    "env": [{"key": f"K{n}", "value": "v", "sensitive": False} for n in range(20)]
}
TELEGRAM = {"config": {"botToken": "1:a"}}
BUNDLE: dict[str, Any] = {
    "version": "1.0",
    "type": "instance",
    "instance": {
        "slug": "bundled",
        "name": "Bundled",
        "secrets": [{"key": f"k{n}", "configured": True} for n in range(20)],
        "channels": [{"channelType": "telegram", "enabled": True}],
        "skillEnv": [
            {"skillSlug": f"s{n}", "key": "K", "encrypted": False, "value": "v"} for n in range(20)
        ],
    },
}
REQUESTS: list[tuple[str, str, Any, int]] = [
    ("get", "/api/instances", None, 2),
    ("post", "/api/instances", {"slug": "new", "name": "New"}, 8),
    ("get", BASE, None, 2),
    ("patch", BASE, {"name": "Renamed"}, 7),
    ("delete", BASE, None, 12),
    ("get", f"{BASE}/members", None, 3),
    ("put", f"{BASE}/members/viewer", {"role": "editor"}, 14),
    ("delete", f"{BASE}/members/viewer", None, 9),
    ("get", f"{BASE}/tokens", None, 3),
    ("get", f"{BASE}/secrets", None, 3),
    ("get", f"{BASE}/secrets/k0", None, 3),
    ("put", f"{BASE}/secrets", SECRETS, 9),
    ("delete", f"{BASE}/secrets/k0", None, 6),
    ("get", f"{BASE}/channels", None, 3),
    ("get", f"{BASE}/channels/telegram", None, 3),
    ("put", f"{BASE}/channels/telegram", TELEGRAM, 8),
    ("delete", f"{BASE}/channels/telegram", None, 6),
    ("get", f"{BASE}/skills/search/env", None, 3),
    ("put", f"{BASE}/skills/search/env", ENV, 9),
    ("delete", f"{BASE}/skills/search/env/K0", None, 6),
    ("get", "/v1/models", None, 2),
    ("get", f"{BASE}/export", None, 7),
    ("post", f"{BASE}/import", BUNDLE, 35),
    ("post", "/api/instances/import", BUNDLE, 31),
    ("delete", "/api/auth/token", None, 3),
]


@pytest.fixture
def client(
    client_of: Callable[..., APIClient], superuser: User, viewer: User, instance: Instance
) -> APIClient:
    """A superuser's client of an instance in which everything exists."""
    client = client_of(superuser)
    client.put(f"{BASE}/secrets", SECRETS)
    client.put(f"{BASE}/skills/search/env", ENV)
    client.put(f"{BASE}/channels/telegram", TELEGRAM)
    for user in (viewer, superuser):
        client_of(user, instances=[instance])
    return client


def test_each_request_takes_as_many_queries_as_ever(client: APIClient) -> None:
    taken = {
        f"{method} {path}": queries_of(client, method, path, body)
        for method, path, body, _ in REQUESTS
    }
    assert taken == {f"{method} {path}": number for method, path, _, number in REQUESTS}


def queries_of(client: APIClient, method: str, path: str, body: Any) -> int:
    """Of a request that succeeds and leaves no trace, so that the next finds everything."""
    with transaction.atomic():
        with CaptureQueriesContext(connection) as counted:
            status = getattr(client, method)(path, body).status_code
        transaction.set_rollback(True)
    assert status < 300, (method, path)
    return len(counted)


def test_a_full_batch_takes_no_more_queries_than_one_entry(
    client: APIClient, django_assert_max_num_queries: Any
) -> None:
    def queries(size: int) -> int:
        body = {"secrets": [{"key": f"k{n}", "value": "v"} for n in range(size)]}
        with django_assert_max_num_queries(100) as counted:
            assert client.put(f"{BASE}/secrets", body).status_code == 200
        return len(counted)

    assert queries(1) == queries(64)


@pytest.mark.parametrize("credentials", [{}, {"HTTP_AUTHORIZATION": "Basic eDp5"}])
def test_nobody_causes_no_query(
    db: None, django_assert_num_queries: Any, credentials: dict[str, Any]
) -> None:
    with django_assert_num_queries(0):
        assert APIClient(**credentials).get(f"{BASE}/secrets").status_code == 401


def test_an_unknown_instance_costs_the_same_as_a_foreign_one(
    client_of: Callable[..., APIClient],
    outsider: User,
    instance: Instance,
    django_assert_num_queries: Any,
) -> None:
    stranger = client_of(outsider)
    for slug in ("my-assistant", "no-such"):
        with django_assert_num_queries(2):
            assert stranger.get(f"/api/instances/{slug}/secrets").status_code == 404


def test_listing_reads_no_ciphertext(client: APIClient, django_assert_max_num_queries: Any) -> None:
    for path in ("/secrets", "/secrets/k0", "/channels", "/channels/telegram"):
        with django_assert_max_num_queries(10) as counted:
            assert client.get(f"{BASE}{path}").status_code == 200
        asked = " ".join(each["sql"].split("FROM")[0] for each in counted.captured_queries)
        quote = connection.ops.quote_name
        assert f".{quote('value')}" not in asked
        assert f".{quote('credentials')}" not in asked
