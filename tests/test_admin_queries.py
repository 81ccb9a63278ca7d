"""The pages of the admin take at most ten queries each, however much there is.

The pages are those that the apps registered, so one that is added tomorrow is counted too.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.admin import InstanceAdmin
from instances.models import AccessToken, Instance, Membership
from instances.roles import Role
from secrets_app.managers import EnvEntry
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
def much(instance: Instance, superuser: User, make_user: Callable[..., User]) -> Instance:
    """An instance with many rows of everything, among many instances."""
    for number in range(12):
        other = Instance.objects.establish(superuser, slug=f"other-{number}", name="Other")
        InstanceSecret.objects.set_many(other, {"mine": "x"}, superuser)
        user = make_user(f"user-{number}")
        Membership.objects.assign(instance, user.username, Role.VIEWER, superuser)
        AccessToken.objects.issue(user, timedelta(days=1), instances=[instance, other])
        InstanceSkillEnv.objects.set_many(instance, f"skill-{number}", [EnvEntry("K", "x")], user)
    InstanceSecret.objects.set_many(instance, {f"k{n}": "x" for n in range(64)}, superuser)
    InstanceChannel.objects.connect(instance, TELEGRAM, {"botToken": "1:a"}, superuser)
    return instance


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
