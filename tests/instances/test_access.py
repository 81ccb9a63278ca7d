"""Who gets what answer from which route."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from rest_framework.test import APIClient

from instances.models import Instance

# Method, path below the instance, body.
READS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("HEAD", "", None),
    ("GET", "/members", None),
    ("GET", "/secrets", None),
    ("GET", "/secrets/openai_api_key", None),
    ("GET", "/channels", None),
    ("GET", "/channels/telegram", None),
    ("GET", "/skills/search/env", None),
]
WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "", {"name": "Renamed"}),
    ("PUT", "/secrets", {"secrets": [{"key": "openai_api_key", "value": "sk-2"}]}),
    ("DELETE", "/secrets/openai_api_key", None),
    ("PUT", "/channels/telegram", {"config": {"botToken": "2:b"}}),
    ("DELETE", "/channels/telegram", None),
    ("PUT", "/skills/search/env", {"env": [{"key": "TOKEN", "value": "u"}]}),
    ("DELETE", "/skills/search/env/TOKEN", None),
]
DECISIONS: list[tuple[str, str, Any]] = [
    ("GET", "/tokens", None),
    ("GET", "/audit", None),
    ("DELETE", "", None),
    ("PUT", "/members/viewer", {"role": "editor"}),
    ("DELETE", "/members/viewer", None),
]
ROUTES = READS + WRITES + DECISIONS
FAULTY = [
    ("PUT", "/secrets"), ("PUT", "/channels/telegram"), ("PUT", "/channels/nonsense"),
    ("PUT", "/skills/search/env"), ("PATCH", ""), ("PUT", "/members/nobody"),
    ("DELETE", "/secrets/no_such"), ("GET", "/channels/nonsense"),
    ("DELETE", f"/tokens/{UUID(int=0)}"), ("DELETE", "/tokens/nonsense"),
]  # fmt: skip
# What each of the cast is answered to a read, a write and a decision.
STATUSES = {
    "viewer": (200, 403, 403),
    "editor": (200, 200, 403),
    "owner": (200, 200, 200),
    "superuser": (200, 200, 200),
    "token limited to it": (200, 200, 200),
    "outsider": (404, 404, 404),
    "token limited to another": (404, 404, 404),
    "token limited to nothing": (404, 404, 404),
    "superuser's token limited to another": (404, 404, 404),
    "nobody": (401, 401, 401),
}


@pytest.fixture
def as_(
    client_of: Callable[..., APIClient],
    anonymous: APIClient,
    furnished: Instance,
    other_instance: Instance,
    request: pytest.FixtureRequest,
) -> Callable[[str], APIClient]:
    """The client of somebody in the table above."""

    def find(who: str) -> APIClient:
        if who == "nobody":
            return anonymous
        limits = {"it": [furnished], "another": [other_instance], "nothing": list[Instance]()}
        limit = limits.get(who.rpartition(" limited to ")[2])
        names = {"token": "owner", "superuser's": "superuser"}
        user: User = request.getfixturevalue(names.get(who.split()[0], who.split()[0]))
        return client_of(user) if limit is None else client_of(user, instances=limit)

    return find


def send(client: APIClient, method: str, path: str, body: Any, slug: str = "my-assistant") -> Any:
    return getattr(client, method.lower())(f"/api/instances/{slug}{path}", body)


def status_of(client: APIClient, route: tuple[str, str, Any]) -> int:
    """What is answered to a request that leaves no trace, so that the next finds all as it was."""
    with transaction.atomic():
        status: int = send(client, *route).status_code
        transaction.set_rollback(True)
    return status


def test_each_gets_what_their_role_allows(as_: Callable[[str], APIClient]) -> None:
    for who, statuses in STATUSES.items():
        client = as_(who)
        answers = [
            {f"{route[0]} {route[1]}": status_of(client, route) for route in kind}
            for kind in (READS, WRITES, DECISIONS)
        ]
        assert answers == [
            dict.fromkeys(answers_to_kind, status)
            for answers_to_kind, status in zip(answers, statuses, strict=True)
        ], who


def test_a_foreign_instance_answers_exactly_as_none(as_: Callable[[str], APIClient]) -> None:
    client = as_("outsider")
    for route in ROUTES:
        foreign, none = (send(client, *route, slug) for slug in ("my-assistant", "no-such"))
        assert foreign.status_code == none.status_code == 404, route
        assert foreign.content == none.content, route
        assert foreign.headers == none.headers, route


def test_a_faulty_request_tells_an_outsider_no_more_than_a_sound_one(
    as_: Callable[[str], APIClient],
) -> None:
    client, fault = as_("outsider"), {"x": [1]}
    for method, path in FAULTY:
        foreign, none = (
            send(client, method, path, fault, slug) for slug in ("my-assistant", "no-such")
        )
        assert foreign.status_code == none.status_code == 404, (method, path)
        assert foreign.content == none.content, (method, path)


def test_a_refused_write_changes_nothing(
    as_: Callable[[str], APIClient], raw_rows: Callable[[str], list[dict[str, Any]]]
) -> None:
    tables = ["instances", "instance_members", "instance_secrets", "instance_channels"]
    tables += ["instance_skill_env"]
    client = as_("viewer")
    before = [raw_rows(table) for table in tables]
    for route in WRITES + DECISIONS:
        assert send(client, *route).status_code == 403, route
        assert [raw_rows(table) for table in tables] == before, route


@pytest.mark.parametrize("who", ["viewer", "outsider", "token limited to another"])
def test_nobody_deletes_or_reads_an_instance_by_another_spelling(
    as_: Callable[[str], APIClient], who: str
) -> None:
    client = as_(who)
    for slug in ("MY-ASSISTANT", "my-assistant%0a", "my-assistant/", "./my-assistant", "%6dy-x"):
        assert client.delete(f"/api/instances/{slug}").status_code == 404


@pytest.mark.parametrize("change", [{"is_active": False}])
def test_a_deactivated_user_is_signed_out_at_once(
    as_: Callable[[str], APIClient], owner: User, change: dict[str, Any]
) -> None:
    client = as_("owner")
    User.objects.filter(pk=owner.pk).update(**change)
    assert send(client, "GET", "", None).status_code == 401
