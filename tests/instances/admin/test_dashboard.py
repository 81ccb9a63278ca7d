"""The admin's first page: what needs somebody's attention, and where it is mended."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

import polyant.urls  # noqa: F401  the apps' findings come with it
from channels_app.catalog import TELEGRAM, WHATSAPP
from channels_app.models import InstanceChannel
from instances.dashboard import Kind, Topic, examine
from instances.models import AccessToken, Instance
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from secrets_app.skill_env_managers import EnvEntry

Browse = Callable[[User], Client]
OTHER_KEY = "2e" * 32


def put(instance: Instance, **values: str) -> None:
    InstanceSecret.objects.set_many(instance, values, None)


def found(user: User, kind: Kind) -> list[tuple[str, str]]:
    """Subject and words of each line."""
    topics = [topic for topic in examine(user, None) if topic.kind is kind]
    return [(each.subject, each.words) for topic in topics for each in topic.shown]


def furnish(instance: Instance) -> None:
    put(instance, openai_api_key="MARKER", mine="MARKER")
    InstanceSkillEnv.objects.set_many(instance, "search", [EnvEntry("KEY", "MARKER")], None)
    InstanceChannel.objects.connect(instance, TELEGRAM, {"botToken": "MARKER"}, None)


def test_it_is_calm_when_everything_is_fine(
    browse: Browse, viewer: User, instance: Instance
) -> None:
    furnish(instance)
    page = browse(viewer).get("/admin/").content.decode()
    assert "All is well" in page
    assert "No stored value needs a key that is missing here" in page


def test_who_has_no_instance_is_told_how_to_get_one(
    browse: Browse, superuser: User, make_user: Callable[..., User]
) -> None:
    assert "an admin of one can add you" in browse(make_user("new")).get("/admin/").content.decode()
    page = browse(superuser).get("/admin/").content.decode()
    assert 'href="/admin/instances/instance/add/"' in page


def test_values_whose_key_is_gone_are_counted_by_page(
    browse: Browse, superuser: User, instance: Instance, settings: Any
) -> None:
    furnish(instance)
    settings.ENCRYPTION_KEY = OTHER_KEY
    put(instance, mine="readable again")
    lines = found(superuser, Kind.UNREADABLE)
    assert ("my-assistant", "Settings: 1 value") in lines
    assert ("my-assistant", "Channels: 1 value") in lines
    assert len(lines) == 3
    page = browse(superuser).get("/admin/").content.decode()
    assert f'href="/admin/instances/instance/{instance.pk}/secrets/"' in page
    assert f'href="/admin/instances/instance/{instance.pk}/channels/"' in page
    assert "Which key it is" in page
    assert "MARKER" not in page


def test_a_former_key_that_is_still_here_is_no_matter(
    superuser: User, instance: Instance, settings: Any
) -> None:
    furnish(instance)
    settings.ENCRYPTION_KEY_FALLBACKS = [settings.ENCRYPTION_KEY]
    settings.ENCRYPTION_KEY = OTHER_KEY
    assert examine(superuser, None) == []


# Settings of an instance, keys that it has, and what is said of it.
NEEDS: list[tuple[dict[str, Any], list[str], str]] = [
    ({}, [], "needs the key of a provider: openai_api_key or anthropic_api_key"),
    ({}, ["mine"], "needs the key of a provider: openai_api_key or anthropic_api_key"),
    ({}, ["anthropic_api_key"], ""),
    ({"provider": "openai"}, ["anthropic_api_key"], "needs openai_api_key"),
    ({"provider": "anthropic"}, [], "needs anthropic_api_key"),
    ({"provider": "anthropic"}, ["anthropic_api_key"], ""),
    ({"langsmith_enabled": True}, ["openai_api_key"], "needs langsmith_api_key"),
    ({"langsmith_enabled": True}, ["openai_api_key", "langsmith_api_key"], ""),
    ({"status": "disabled", "provider": "openai"}, [], ""),
]


def test_an_active_instance_without_a_key_that_it_needs_is_named(superuser: User) -> None:
    for number, (fields, keys, _) in enumerate(NEEDS):
        instance = Instance.objects.create(slug=f"bot-{number}", name="Bot", **fields)
        put(instance, **dict.fromkeys(keys, "x"))
    assert found(superuser, Kind.LACKING) == [
        (f"bot-{number}", words) for number, (_, _, words) in enumerate(NEEDS) if words
    ]


def test_one_instance_may_lack_two_keys(superuser: User, instance: Instance) -> None:
    Instance.objects.change(instance, None, provider="openai", langsmith_enabled=True)
    assert len(found(superuser, Kind.LACKING)) == 2


def test_keys_that_nobody_renewed_for_a_year_are_named(superuser: User, instance: Instance) -> None:
    put(instance, openai_api_key="x", mine="x", aws_region="x", s3_bucket_name="x")
    rows = InstanceSecret.objects.filter(instance=instance)
    rows.update(updated_at=timezone.now() - timedelta(days=364))
    assert found(superuser, Kind.OLD) == []
    rows.update(updated_at=timezone.now() - timedelta(days=366))
    assert found(superuser, Kind.OLD) == [("my-assistant", "2 keys: mine, openai_api_key")]
    put(instance, mine="new")
    assert found(superuser, Kind.OLD) == [("my-assistant", "1 key: openai_api_key")]


def test_old_credentials_of_channels_and_skills_are_named(
    superuser: User, instance: Instance
) -> None:
    entries = [EnvEntry("KEY", "x"), EnvEntry("REGION", "x", sensitive=False)]
    InstanceSkillEnv.objects.set_many(instance, "search", entries, None)
    InstanceChannel.objects.connect(instance, TELEGRAM, {"botToken": "1:x"}, None)
    InstanceChannel.objects.connect(instance, WHATSAPP, {"whatsappNumber": "+1"}, None)
    for model in (InstanceSkillEnv, InstanceChannel):
        model.objects.update(updated_at=timezone.now() - timedelta(days=366))
    assert set(found(superuser, Kind.OLD)) == {
        ("my-assistant", "1 variable: search/KEY"),
        ("my-assistant", "1 channel: telegram"),
    }


def test_of_many_old_keys_the_first_are_named(superuser: User, instance: Instance) -> None:
    put(instance, **{f"key_{number}": "x" for number in range(5)})
    InstanceSecret.objects.update(updated_at=timezone.now() - timedelta(days=366))
    words = "5 keys: key_0, key_1, key_2 and 2 more"
    assert found(superuser, Kind.OLD) == [("my-assistant", words)]


def test_own_tokens_that_end_within_a_week_are_named_but_those_of_a_sign_in(
    browse: Browse, owner: User, viewer: User
) -> None:
    issue = AccessToken.objects.issue
    issue(owner, timedelta(days=6), label="nightly")
    issue(owner, timedelta(days=8), label="later")
    issue(owner, timedelta(days=1), label="sign-in", ends_with_password=True)
    issue(viewer, timedelta(days=1), label="theirs")
    assert [subject for subject, _ in found(owner, Kind.ENDING)] == ["Token nightly"]
    page = browse(owner).get("/admin/").content.decode()
    assert '<a href="/admin/instances/accesstoken/">Token nightly</a>' in page


def test_a_member_is_told_of_own_instances_only(
    browse: Browse, viewer: User, outsider: User, superuser: User, other_instance: Instance,
    settings: Any,
) -> None:  # fmt: skip
    for instance in Instance.objects.all():
        furnish(instance)
    InstanceSecret.objects.filter(key="mine").update(
        updated_at=timezone.now() - timedelta(days=400)
    )
    Instance.objects.update(langsmith_enabled=True)
    settings.ENCRYPTION_KEY = OTHER_KEY
    for user, slugs in ((viewer, {"my-assistant"}), (outsider, {"other-assistant"})):
        for kind in (Kind.UNREADABLE, Kind.LACKING, Kind.OLD):
            assert {subject for subject, _ in found(user, kind)} == slugs
    assert "other-assistant" not in browse(viewer).get("/admin/").content.decode()
    assert len(found(superuser, Kind.UNREADABLE)) == 6


def test_a_long_list_shows_its_beginning_and_leads_to_the_rest(
    browse: Browse, superuser: User
) -> None:
    Instance.objects.bulk_create(Instance(slug=f"bot-{n:02}", name="Bot") for n in range(12))
    client = browse(superuser)
    page = client.get("/admin/").content.decode()
    assert "bot-09" in page
    assert "bot-10" not in page
    assert '<a href="?all">Show all 12</a>' in page
    assert "bot-11" in client.get("/admin/?all").content.decode()


def test_the_most_urgent_comes_first(owner: User, instance: Instance, settings: Any) -> None:
    furnish(instance)
    InstanceSecret.objects.update(updated_at=timezone.now() - timedelta(days=400))
    AccessToken.objects.issue(owner, timedelta(days=1))
    Instance.objects.update(provider="anthropic")
    settings.ENCRYPTION_KEY = OTHER_KEY
    topics: list[Topic] = examine(owner, 1)
    assert [topic.kind for topic in topics] == list(Kind)
    assert [topic.more for topic in topics] == [2, 0, 0, 0]


def test_it_takes_at_most_ten_queries_however_many_instances(
    browse: Browse,
    viewer: User,
    superuser: User,
    settings: Any,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    clients = {user.username: browse(user) for user in (viewer, superuser)}
    for who, client in clients.items():
        with django_assert_max_num_queries(10, info=who):
            assert client.get("/admin/").status_code == 200, who
    for number in range(12):
        furnish(Instance.objects.establish(viewer, slug=f"more-{number}", name="More"))
    settings.ENCRYPTION_KEY = OTHER_KEY
    for who, client in clients.items():
        with django_assert_max_num_queries(10, info=who):
            assert client.get("/admin/?all").status_code == 200, who
