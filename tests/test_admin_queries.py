"""The pages of the admin take at most ten queries each, however much there is.

The pages are those that the apps registered, so one that is added tomorrow is counted too.
"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.admin import InstanceAdmin
from instances.audit import Action, AuditEntry
from instances.models import AccessToken, Instance, Membership
from instances.roles import Role
from secrets_app.models import InstanceSecret, InstanceSkillEnv

MOST = 10
LIST = "/admin/instances/instance/"
PAGES = [page.path for page in InstanceAdmin.pages if "<" not in page.path and page.label]
PAGES += ["secrets/paste", "change", "delete", "history"]
OTHERS = ["/admin/", LIST, f"{LIST}add/", "/admin/instances/accesstoken/add/", "/admin/encryption/"]
# Long names: what is not shown must not stand in the sealed draft of the page by chance either.
ENV = "\n".join(f"PASTED_NAME_{number}={number}" for number in range(64))


@pytest.fixture
def client(superuser: User) -> Client:
    client = Client()
    client.force_login(superuser, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def users(db: None) -> list[User]:
    return User.objects.bulk_create(User(username=f"user-{n}") for n in range(12))


@pytest.fixture
def others(superuser: User) -> list[Instance]:
    """Instances of the superuser, each with a secret."""
    made = (Instance(slug=f"other-{n}", name="Other") for n in range(12))
    others = Instance.objects.bulk_create(made)
    Membership.objects.bulk_create(
        Membership(instance=each, user=superuser, role=Role.ADMIN) for each in others
    )
    InstanceSecret.objects.bulk_create(
        InstanceSecret(instance=each, key="mine", value="x", updated_by=superuser)
        for each in others
    )
    return others


@pytest.fixture
def shared(instance: Instance, users: list[User], others: list[Instance]) -> Instance:
    """An instance with many members, and a token of each that names every instance."""
    Membership.objects.bulk_create(
        Membership(instance=instance, user=user, role=Role.VIEWER) for user in users
    )
    until = timezone.now() + timedelta(days=1)
    tokens = AccessToken.objects.bulk_create(
        AccessToken(user=user, digest=user.username, is_limited=True, expires_at=until)
        for user in users
    )
    for each in (instance, *others):
        each.access_tokens.add(*tokens)
    return instance


@pytest.fixture
def much(shared: Instance, users: list[User], superuser: User) -> Instance:
    """An instance with many rows of everything, among many instances."""
    InstanceSkillEnv.objects.bulk_create(
        InstanceSkillEnv(
            instance=shared, skill_slug=f"skill-{n}", key="K", value="x", updated_by=user
        )
        for n, user in enumerate(users)
    )
    AuditEntry.objects.bulk_create(
        AuditEntry(instance_id=shared.pk, action=Action.SKILL_ENV_SET, actor=user.username)
        for user in users * 2
    )
    InstanceSecret.objects.set_many(shared, {f"k{n}": "x" for n in range(64)}, superuser)
    InstanceChannel.objects.connect(shared, TELEGRAM, {"botToken": "1:a"}, superuser)
    return shared


def test_every_page_of_an_instance_and_beside_it(
    client: Client, much: Instance, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for path in [*(f"{LIST}{much.pk}/{page}/" for page in PAGES), *OTHERS]:
        with django_assert_max_num_queries(MOST, info=path):
            assert client.get(path).status_code == 200


def test_the_preview_of_a_pasted_env(
    client: Client, much: Instance, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(MOST):
        page = client.post(f"{LIST}{much.pk}/secrets/paste/", {"text": ENV})
    assert "PASTED_NAME_63" not in page.content.decode()
    assert "pasted_name_63" in page.content.decode()


def test_confirming_a_paste_takes_as_many_queries_for_one_key_as_for_all(
    client: Client, much: Instance, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def queries(text: str) -> int:
        preview = client.post(f"{LIST}{much.pk}/secrets/paste/", {"text": text})
        draft = {"draft": preview.context["draft"]}
        with django_assert_max_num_queries(30) as counted:
            assert client.post(f"{LIST}{much.pk}/secrets/confirm/", draft).status_code == 302
        return len(counted)

    queries("A=1")  # The first one also asks for content types, which Django keeps.
    assert queries("B=1") == queries(ENV)


def test_a_refused_form_is_shown_again_for_no_more(
    client: Client, much: Instance, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(MOST):
        page = client.post(f"{LIST}{much.pk}/secrets/", {"new-1-name": "BAD", "new-1": "x"})
    assert "Nothing has been saved yet." in page.content.decode()


def refusals(instance: Instance) -> dict[str, dict[str, str]]:
    """Forms that come back, by page: malformed, stale, about a row that does not open."""
    tampered = InstanceChannel.objects.get(instance=instance).credentials
    text = tampered.text[:-4] + "AAAA"  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE instance_channels SET credentials = %s", [text])
    slack = {"channel": "slack", "slack-enabled": "on", "slack-botToken": "xoxb-1"}
    telegram = {"channel": "telegram", "telegram-botToken": "1:b"}
    seen = InstanceChannel.objects.get(instance=instance).updated_at.isoformat()
    return {
        "channels/?refused": slack,
        "channels/?stale": {**telegram, "telegram-seen": "x"},
        "channels/?replace": {**telegram, "telegram-seen": "x", "replace": "1"},
        "channels/?damaged": {**telegram, "telegram-seen": seen},
        "secrets/?stale": {"seen": '{"k1": "x"}', "key-k1": "y"},
        "skill-env/skill-1/?stale": {"seen": '{"K": "x"}', "key-K": "y"},
        "change/?stale": {"name": "Mine", "status": "active", "initial-name": "x"},
        "members/?stale": {"username": "user-1", "role": "admin", "seen": "editor"},
        "bundle/?none": {},
    }


def test_a_form_that_comes_back_takes_no_more(
    client: Client, much: Instance, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for page, sent in refusals(much).items():
        with django_assert_max_num_queries(MOST, info=page):
            assert client.post(f"{LIST}{much.pk}/{page}", sent).status_code == 200


def test_a_confirmation_that_went_stale_takes_no_more(
    client: Client, much: Instance, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    preview = client.post(f"{LIST}{much.pk}/secrets/paste/", {"text": "K1=2"})
    InstanceSecret.objects.set_many(much, {"k1": "z"}, None)
    draft = {"draft": preview.context["draft"]}
    with django_assert_max_num_queries(MOST):
        assert client.post(f"{LIST}{much.pk}/secrets/confirm/", draft).status_code == 200
