"""The cast. An owner, an editor and a viewer of one instance, an outsider, and a superuser."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from hypothesis import is_hypothesis_test
from rest_framework.test import APIClient

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import AccessToken, Instance, Membership
from instances.roles import Role
from polyant import loading
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from secrets_app.skill_env_managers import EnvEntry
from tests.live import Checkout, checkout
from tests.scheduling import KeptTogether
from tests.stack import with_room
from tests.standstill import Standstill

# They start a browser or processes.
_SLOW_FIXTURES = {"browser", "loaded_server", "project", "start"}


# What is loaded and collected stays until the end, as in a process of ours.
loading.begin()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> object:
    """That of the other plugins, with room for all that it calls."""
    loading.end()
    plugins = session.config.pluginmanager
    others = plugins.subset_hook_caller("pytest_runtestloop", [sys.modules[__name__]])
    return with_room(others, session=session)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow modules first, so that at the end no worker is left alone with one."""
    slow = {item.path for item in items if _is_slow(item)}
    items.sort(key=lambda item: item.path not in slow)


def _is_slow(item: pytest.Item) -> bool:
    return bool(_SLOW_FIXTURES & {*getattr(item, "fixturenames", ())} or _has_examples(item))


def _has_examples(item: pytest.Item) -> bool:
    """Hypothesis runs it a few hundred times."""
    return is_hypothesis_test(getattr(item, "obj", None))


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Make a user by name; the password is the name."""

    def make(name: str, **fields: Any) -> User:
        email = fields.pop("email", f"{name}@example.com")
        return User.objects.create_user(name, email, name, **fields)

    return make


@pytest.fixture
def instance(db: None) -> Instance:
    return Instance.objects.create(slug="my-assistant", name="My assistant")


@pytest.fixture
def other_instance(db: None) -> Instance:
    """An instance in which nobody of the cast but the superuser and the outsider has a role."""
    return Instance.objects.create(slug="other-assistant", name="Other assistant")


def _member(user: User, instance: Instance, role: Role) -> User:
    Membership.objects.create(user=user, instance=instance, role=role)
    return user


@pytest.fixture
def owner(make_user: Callable[..., User], instance: Instance) -> User:
    return _member(make_user("owner"), instance, Role.ADMIN)


@pytest.fixture
def editor(make_user: Callable[..., User], instance: Instance) -> User:
    return _member(make_user("editor"), instance, Role.EDITOR)


@pytest.fixture
def viewer(make_user: Callable[..., User], instance: Instance) -> User:
    return _member(make_user("viewer"), instance, Role.VIEWER)


@pytest.fixture
def outsider(make_user: Callable[..., User], other_instance: Instance) -> User:
    return _member(make_user("outsider"), other_instance, Role.ADMIN)


@pytest.fixture
def superuser(make_user: Callable[..., User]) -> User:
    return make_user("root", is_staff=True, is_superuser=True)


@pytest.fixture
def furnished(owner: User, editor: User, viewer: User, instance: Instance) -> Instance:
    """The cast's instance with a secret, a variable of a skill and a channel."""
    InstanceSecret.objects.set_many(instance, {"openai_api_key": "sk-1"}, owner)
    InstanceSkillEnv.objects.set_many(instance, "search", [EnvEntry("TOKEN", "t")], owner)
    InstanceChannel.objects.connect(instance, TELEGRAM, {"botToken": "1:a"}, owner)
    return instance


@pytest.fixture
def client_of() -> Callable[..., APIClient]:
    """An API client that sends a fresh token of a user, with JSON as its only format."""

    def sign_in(user: User, **limits: Any) -> APIClient:
        text, _ = AccessToken.objects.issue(user, timedelta(days=1), **limits)
        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")
        client.default_format = "json"
        return client

    return sign_in


@pytest.fixture
def api(client_of: Callable[..., APIClient], editor: User) -> APIClient:
    """The client of an editor, whom most of the API is for."""
    return client_of(editor)


@pytest.fixture
def browse() -> Callable[[User], Client]:
    """A signed-in client of a user, whom it makes staff."""

    def sign_in(user: User) -> Client:
        user.is_staff = True
        user.save()
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def anonymous(db: None) -> APIClient:
    client = APIClient()
    client.default_format = "json"
    return client


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    """The OpenAPI document as anybody gets it, for reading only; to make it asks no database."""
    response = APIClient().get("/api/schema")
    assert response.status_code == 200
    document: dict[str, Any] = response.json()
    return document


@pytest.fixture
def raw_rows(db: None) -> Callable[[str], list[dict[str, Any]]]:
    """The rows of a table as the database holds them, past the ORM."""

    def read(table: str) -> list[dict[str, Any]]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return read


@pytest.fixture
def together(transactional_db: None) -> Callable[..., list[Any]]:
    """Run calls at one moment, each in a thread and connection of its own.

    With ``behind`` a row, all of them wait for a lock before the first one gets it. What is to
    happen ``first``, and ``meanwhile``, is done by whoever holds the lock.
    """

    def run(
        *calls: Callable[[], Any],
        behind: Model | None = None,
        first: Callable[[], object] = lambda: None,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[Any]:
        barrier = Barrier(len(calls))
        standstill = Standstill()

        def begin(call: Callable[[], Any]) -> Any:
            barrier.wait()
            try:
                with connection.execute_wrapper(standstill.watch):
                    return call()
            finally:
                connection.close()

        with ThreadPoolExecutor(len(calls)) as pool:
            if behind is None:
                return list(pool.map(begin, calls))
            with transaction.atomic():
                rows = type(behind)._default_manager.select_for_update(no_key=True)
                assert rows.filter(pk=behind.pk).first()
                first()
                running = [pool.submit(begin, call) for call in calls]
                standstill.wait_for(running)
                meanwhile()
            return [each.result() for each in running]

    return run


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A copy of the project with a database of its own, after its first start."""
    with checkout(tmp_path_factory.mktemp("project")) as copy:
        copy.start_and_stop()
        yield copy


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return KeptTogether(config, log) if config.getoption("dist") == "loadfile" else None
