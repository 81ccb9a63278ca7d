"""A batch takes effect whole or not at all, also when the database fails or is contended."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from instances.models import Instance
from secrets_app.models import InstanceSecret, InstanceSkillEnv

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/instances/my-assistant/secrets"
ENV_URL = "/api/instances/my-assistant/skills/search/env"
# In key order, so the refused one is the last.
KEYS = ("aaa", "bbb", "zzz")


@pytest.fixture(params=["instance_secrets", "instance_skill_env"])
def refused(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[str]:
    """A table in which the database itself refuses the row of the key zzz."""
    table = request.param
    if connection.vendor == "sqlite":
        make = [
            f"CREATE TRIGGER no_zzz_{event} BEFORE {event} ON {table} WHEN NEW.key = 'zzz'"
            " BEGIN SELECT RAISE(ABORT, 'no zzz'); END"
            for event in ("INSERT", "UPDATE")
        ]
        drop = ["DROP TRIGGER no_zzz_INSERT", "DROP TRIGGER no_zzz_UPDATE"]
    else:
        make = [
            (
                "CREATE FUNCTION no_zzz() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'no zzz'; END $$"
            ),
            (
                f"CREATE TRIGGER no_zzz BEFORE INSERT OR UPDATE ON {table}"
                " FOR EACH ROW WHEN (NEW.key = 'zzz') EXECUTE FUNCTION no_zzz()"
            ),
        ]
        drop = [f"DROP TRIGGER no_zzz ON {table}", "DROP FUNCTION no_zzz"]
    with connection.cursor() as cursor:
        for statement in make:
            cursor.execute(statement)
    yield table
    with connection.cursor() as cursor:
        for statement in drop:
            cursor.execute(statement)


def put(api: APIClient, table: str, keys: tuple[str, ...], value: str) -> Any:
    url, member = (URL, "secrets") if table == "instance_secrets" else (ENV_URL, "env")
    return api.put(url, {member: [{"key": key, "value": value} for key in keys]})


def test_a_database_that_fails_on_the_last_entry_leaves_everything_as_it_was(
    api: APIClient, refused: str, raw_rows: Callable[[str], list[dict[str, Any]]]
) -> None:
    assert put(api, refused, KEYS[:2], "old").status_code == 200
    before = raw_rows(refused)
    api.raise_request_exception = False
    response = put(api, refused, KEYS, "new")
    assert response.status_code >= 400
    assert "zzz" not in response.content.decode()
    assert raw_rows(refused) == before


def test_eight_writers_at_once_wait_instead_of_failing(
    api: APIClient, instance: Instance, together: Callable[..., list[int]]
) -> None:
    def write(n: int) -> int:
        entries = [{"key": key, "value": f"{n}"} for key in (*KEYS, f"own_{n}")]
        return api.put(URL, {"secrets": entries if n % 2 else entries[::-1]}).status_code

    assert together(*[lambda n=n: write(n) for n in range(8)]) == [200] * 8
    rows = {row.key: row for row in InstanceSecret.objects.filter(instance=instance)}
    assert len({rows[key].value.reveal() for key in KEYS}) == 1
    assert [rows[key].version for key in KEYS] == [8, 8, 8]
    assert [rows[f"own_{n}"].value.reveal() for n in range(8)] == [str(n) for n in range(8)]


def test_eight_writers_of_skill_env_at_once_wait_instead_of_failing(
    api: APIClient, instance: Instance, together: Callable[..., list[int]]
) -> None:
    def write(n: int) -> int:
        entries = [{"key": key, "value": f"{n}"} for key in KEYS]
        return api.put(ENV_URL, {"env": entries if n % 2 else entries[::-1]}).status_code

    assert together(*[lambda n=n: write(n) for n in range(8)]) == [200] * 8
    assert len(set(InstanceSkillEnv.objects.reveal(instance, "search").values())) == 1


def test_of_two_that_store_one_variable_readable_and_sensitive_the_sensitive_one_stays(
    api: APIClient, instance: Instance, together: Callable[..., list[int]]
) -> None:
    def write(sensitive: bool) -> int:
        entry = {"key": "K", "value": f"{sensitive}", "sensitive": sensitive}
        return api.put(ENV_URL, {"env": [entry]}).status_code

    statuses = together(lambda: write(True), lambda: write(False), behind=instance)
    assert statuses in ([200, 409], [200, 200])
    assert InstanceSkillEnv.objects.get(key="K").sensitive
    assert InstanceSkillEnv.objects.reveal(instance, "search") == {"K": "True"}
