"""A channel that does not open is replaced on its page, and nothing else is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from channels_app.catalog import SLACK
from channels_app.models import InstanceChannel
from instances.models import Instance
from polyant.encryption.conf import get_keyring
from tests.channels_app.admin.channels_tab import opened, save, stored, url_of

OLD = {"botToken": "xoxb-old", "appToken": "xapp-old"}
THEIRS = {"botToken": "xoxb-theirs", "appToken": "xapp-theirs", "signingSecret": "theirs"}
OTHER_KEY = "2e" * 32


@pytest.fixture
def key(instance: Instance, owner: User, settings: Any) -> str:
    """The key with which Slack was stored, disabled; it is not here any more."""
    InstanceChannel.objects.connect(instance, SLACK, OLD, owner)
    was = str(settings.ENCRYPTION_KEY)
    settings.ENCRYPTION_KEY = OTHER_KEY
    return was


@pytest.fixture
def stale(client: Client, instance: Instance, key: str) -> dict[str, str]:
    """The form of a page that says that Slack does not open."""
    return opened(client, instance, "slack")


@pytest.fixture
def mended(
    stale: dict[str, str], instance: Instance, owner: User, key: str, settings: Any
) -> dict[str, str]:
    """The same, after a colleague brought the key back and entered everything again."""
    settings.ENCRYPTION_KEY = key
    InstanceChannel.objects.connect(instance, SLACK, THEIRS, owner)
    return stale


def slack(instance: Instance) -> dict[str, str]:
    return InstanceChannel.objects.reveal(instance, SLACK)


def test_an_unreadable_channel_names_its_key_and_can_be_replaced(
    client: Client, instance: Instance, telegram: InstanceChannel, settings: Any
) -> None:
    key_id = get_keyring().primary.key_id
    settings.ENCRYPTION_KEY = "2e" * 32
    page = client.get(url_of(instance)).content.decode()
    assert f"need encryption key {key_id}" in page
    assert "Replace Telegram" in page
    refused = save(client, instance, "telegram", allowedUserIds="1")
    assert refused.context["failed"].errors.keys() == {"botToken"}
    assert save(client, instance, "telegram", botToken="3:new").status_code == 302
    assert stored(instance) == {"botToken": "3:new", "allowedUserIds": "42"}


def test_an_unreadable_channel_says_what_is_set_and_tells_a_viewer_of_no_remedy(
    client: Client, browse: Callable[[User], Client], viewer: User, instance: Instance, key: str
) -> None:
    theirs = browse(viewer).get(url_of(instance)).content.decode()
    for page in (client.get(url_of(instance)).content.decode(), theirs):
        assert page.count("set, unreadable") == len(OLD)
        assert "which is not configured here." in page
    assert "enter them again" not in theirs


def test_damaged_credentials_are_told_when_they_are_needed_and_can_be_replaced(
    client: Client, instance: Instance, telegram: InstanceChannel
) -> None:
    with connection.cursor() as cursor:
        text = telegram.credentials.text  # type: ignore[attr-defined]
        altered = text[:-4] + ("AAAA" if text[-4:] != "AAAA" else "BBBB")
        cursor.execute("UPDATE instance_channels SET credentials = %s", [altered])
    page = save(client, instance, "telegram", allowedUserIds="1")
    assert "were altered" in page.content.decode()
    assert 'name="replace"' in page.content.decode()
    fields = {"telegram-botToken": "3:new", "replace": "1"}
    sent = {**opened(client, instance, "telegram"), **fields}
    assert client.post(url_of(instance), sent).status_code == 302
    assert stored(instance) == {"botToken": "3:new", "allowedUserIds": "42"}


def test_nothing_takes_the_place_of_nothing(
    client: Client, instance: Instance, stale: dict[str, str], key: str, settings: Any
) -> None:
    page = client.post(url_of(instance), stale)
    assert "Enter the credentials that replace what is stored" in page.content.decode()
    enabled = client.post(url_of(instance), {**stale, "slack-enabled": "on"})
    assert enabled.status_code == 200
    settings.ENCRYPTION_KEY = key
    assert slack(instance) == OLD


def test_the_history_says_that_a_channel_was_replaced(
    client: Client, instance: Instance, stale: dict[str, str]
) -> None:
    sent = {**stale, "slack-botToken": "xoxb-mine"}
    shown = client.post(url_of(instance), sent, follow=True).content.decode()
    assert "Slack is replaced and disabled." in shown
    line = LogEntry.objects.get().get_change_message()
    assert line == "Channels: slack: replaced and disabled (botToken)."
    assert slack(instance) == {"botToken": "xoxb-mine"}


def test_a_stale_blank_page_leaves_what_a_colleague_mended(
    client: Client, instance: Instance, mended: dict[str, str]
) -> None:
    client.post(url_of(instance), mended)
    assert slack(instance) == THEIRS


def test_a_stale_page_keeps_its_promise_that_the_rest_stays(
    client: Client, instance: Instance, mended: dict[str, str]
) -> None:
    page = client.post(url_of(instance), {**mended, "slack-botToken": "xoxb-mine"})
    shown = page.content.decode()
    assert "The rest is as they left it." in shown
    assert "unreadable" not in shown
    assert "Replace Slack" not in shown
    seen = page.context["failed"]["seen"].value()
    again = {**mended, "slack-seen": seen, "draft": page.context["draft"]}
    assert client.post(url_of(instance), again).status_code == 302
    assert slack(instance) == {**THEIRS, "botToken": "xoxb-mine"}


def test_what_opens_again_is_added_to(
    client: Client, instance: Instance, stale: dict[str, str], key: str, settings: Any
) -> None:
    settings.ENCRYPTION_KEY_FALLBACKS = [key]
    client.post(url_of(instance), {**stale, "slack-botToken": "xoxb-mine"})
    assert slack(instance) == {**OLD, "botToken": "xoxb-mine"}


def test_a_stale_page_of_what_still_does_not_open_promises_no_rest(
    client: Client, instance: Instance, mended: dict[str, str], settings: Any
) -> None:
    settings.ENCRYPTION_KEY = OTHER_KEY
    page = client.post(url_of(instance), {**mended, "slack-botToken": "xoxb-mine"})
    shown = page.content.decode()
    assert "owner changed this channel while you were editing" in shown
    assert "The rest is" not in shown
    assert "Replace Slack" in shown


def test_a_page_that_did_not_say_so_replaces_nothing(
    client: Client, instance: Instance, key: str, settings: Any
) -> None:
    settings.ENCRYPTION_KEY = key
    sent = {**opened(client, instance, "slack"), "slack-botToken": "xoxb-mine"}
    settings.ENCRYPTION_KEY = OTHER_KEY
    page = client.post(url_of(instance), sent)
    assert "Nothing has been saved." in page.content.decode()
    assert "Replace Slack" in page.content.decode()
    settings.ENCRYPTION_KEY = key
    assert slack(instance) == OLD
