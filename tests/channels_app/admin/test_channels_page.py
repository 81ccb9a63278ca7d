"""The Channels tab: configuration is shown, credentials only go in."""

from collections.abc import Callable

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from channels_app.catalog import CHANNEL_TYPES, SLACK, TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import AuditEntry, Instance
from tests.channels_app.admin.channels_tab import (
    TOKEN,
    all_opened,
    opened,
    save,
    sent_back,
    stored,
    url_of,
)

Browse = Callable[[User], Client]


def test_every_member_has_a_label_and_says_where_it_is_found(
    client: Client, instance: Instance
) -> None:
    page = client.get(url_of(instance)).content.decode()
    for kind in CHANNEL_TYPES.values():
        for member in kind.members:
            assert member.label
            assert bool(member.loss) is member.credential
            assert member.where
            assert f'for="{kind.slug}-{member.name}"' in page


def test_a_channel_shows_its_configuration_and_no_credential(
    client: Client, instance: Instance, telegram: InstanceChannel
) -> None:
    page = client.get(url_of(instance)).content.decode()
    assert 'value="42"' in page
    assert "MARKER" not in page
    assert page.count('placeholder="configured"') == 1
    assert "UTC by owner" in page


def test_a_channel_of_another_instance_is_not_shown(
    client: Client, instance: Instance, other_instance: Instance, owner: User
) -> None:
    InstanceChannel.objects.connect(other_instance, TELEGRAM, {"allowedUserIds": "4711"}, owner)
    page = client.get(url_of(instance)).content.decode()
    assert "4711" not in page
    assert "UTC by owner" not in page


def test_a_channel_is_connected_and_enabled(client: Client, instance: Instance) -> None:
    response = save(client, instance, "telegram", botToken=TOKEN, allowedUserIds="7", enabled="on")
    assert response.status_code == 302
    assert stored(instance) == {"botToken": TOKEN, "allowedUserIds": "7"}
    assert InstanceChannel.objects.get().enabled
    assert LogEntry.objects.get().get_change_message() == (
        "Channels: telegram: saved and enabled (botToken, allowedUserIds)."
    )


def test_the_history_says_that_a_channel_was_disabled(
    client: Client, instance: Instance, telegram: InstanceChannel
) -> None:
    sent = opened(client, instance, "telegram")
    del sent["telegram-enabled"]
    shown = client.post(url_of(instance), sent, follow=True).content.decode()
    assert "Telegram is saved and disabled." in shown
    assert LogEntry.objects.get().get_change_message() == "Channels: telegram: saved and disabled."


def test_blank_keeps_a_credential_and_configuration_is_edited(
    client: Client, instance: Instance, telegram: InstanceChannel
) -> None:
    assert save(client, instance, "telegram", allowedUserIds="43").status_code == 302
    assert stored(instance) == {"botToken": TOKEN, "allowedUserIds": "43"}
    assert AuditEntry.objects.order_by("-pk")[0].names == ["telegram/allowedUserIds"]
    assert InstanceChannel.objects.get().enabled


def test_a_cleared_configuration_is_gone(
    client: Client, instance: Instance, telegram: InstanceChannel
) -> None:
    assert save(client, instance, "telegram", allowedUserIds="").status_code == 302
    assert stored(instance) == {"botToken": TOKEN}


def test_enabling_with_something_missing_is_refused_at_the_field(
    client: Client, instance: Instance
) -> None:
    page = save(client, instance, "slack", botToken="xoxb-MARKER", enabled="on")
    shown = page.content.decode()
    assert page.context["failed"].errors.keys() == {"appToken"}
    assert "An enabled channel needs this." in shown
    assert "autofocus" in str(page.context["failed"]["appToken"])
    assert "MARKER" not in shown
    assert not InstanceChannel.objects.exists()
    draft = page.context["draft"]
    save(client, instance, "slack", draft=draft)  # not the name of the field: nothing happens
    fields = {"slack-appToken": "xapp-2", "slack-enabled": "on", "draft": draft}
    client.post(url_of(instance), {**opened(client, instance, "slack"), **fields})
    found = InstanceChannel.objects.reveal(instance, SLACK)
    assert found == {"botToken": "xoxb-MARKER", "appToken": "xapp-2"}


def test_a_needed_credential_of_an_enabled_channel_is_not_cleared(
    client: Client, instance: Instance, telegram: InstanceChannel
) -> None:
    page = save(client, instance, "telegram", **{"botToken-clear": "on"})
    assert page.context["failed"].errors.keys() == {"botToken"}
    assert stored(instance)["botToken"] == TOKEN


def test_removing_a_credential_asks_first_and_names_it(client: Client, instance: Instance) -> None:
    config = {"botToken": "xoxb-1", "appToken": "xapp-1", "signingSecret": "s"}
    InstanceChannel.objects.connect(instance, SLACK, config, None)
    ticks = {"signingSecret-clear": "on", "botToken": "xoxb-MARKER"}
    page = save(client, instance, "slack", **ticks)
    shown = page.content.decode()
    assert "Saving again removes: Signing secret. Requests from Slack over HTTP can no" in shown
    assert 'id="slack-signingSecret-clear" checked' in shown
    assert "MARKER" not in shown
    assert InstanceChannel.objects.reveal(instance, SLACK) == config
    sent = {"draft": page.context["draft"], "slack-asked": page.context["failed"]["asked"].value()}
    again = {**opened(client, instance, "slack"), **sent}
    other = client.post(url_of(instance), {**again, "slack-appToken-clear": "on"})
    assert "Saving again removes: App-level token." in other.content.decode()
    client.post(url_of(instance), {**again, "slack-signingSecret-clear": "on"})
    found = InstanceChannel.objects.reveal(instance, SLACK)
    assert found == {"botToken": "xoxb-MARKER", "appToken": "xapp-1"}


def test_a_credential_whose_removal_was_thought_better_of_stays(
    client: Client, instance: Instance
) -> None:
    InstanceChannel.objects.connect(instance, SLACK, {"signingSecret": "s"}, None)
    page = save(client, instance, "slack", **{"signingSecret-clear": "on"})
    sent = {"asked": page.context["failed"]["asked"].value(), "botToken": "xoxb-2"}
    assert save(client, instance, "slack", **sent).status_code == 302
    found = InstanceChannel.objects.reveal(instance, SLACK)
    assert found == {"signingSecret": "s", "botToken": "xoxb-2"}


MALFORMED = [
    ("slack", "botToken", "MARKER"),
    ("telegram", "botToken", "MARKER with spaces"),
    ("telegram", "botToken", "••••MARKER"),
    ("telegram", "allowedUserIds", "MARKER"),
    ("whatsapp", "whatsappNumber", "0049"),
]


def test_a_malformed_member_is_refused_at_its_field(client: Client, instance: Instance) -> None:
    forms = all_opened(client, instance)
    for kind, member, value in MALFORMED:
        page = client.post(url_of(instance), {**forms[kind], f"{kind}-{member}": value})
        assert page.context["failed"].errors.keys() == {member}, (kind, value)
        assert "This is not valid." in page.content.decode(), (kind, value)
        assert "MARKER" not in page.content.decode(), (kind, value)
        assert not InstanceChannel.objects.exists(), (kind, value)


def test_a_stale_form_says_who_changed_it_and_saves_when_asked_again(
    client: Client, instance: Instance, telegram: InstanceChannel, owner: User
) -> None:
    sent = {**opened(client, instance, "telegram"), "telegram-botToken": "2:mine"}
    InstanceChannel.objects.connect(instance, TELEGRAM, {"allowedUserIds": "99"}, owner)
    page = client.post(url_of(instance), sent)
    assert "owner changed this channel while you were editing" in page.content.decode()
    assert stored(instance) == {"botToken": TOKEN, "allowedUserIds": "99"}
    again = {"telegram-seen": page.context["failed"]["seen"].value()}
    client.post(url_of(instance), {**sent, **again})
    assert stored(instance) == {"botToken": "2:mine", "allowedUserIds": "99"}


def test_a_stale_form_comes_back_as_the_channel_is_now(
    client: Client, instance: Instance, telegram: InstanceChannel, owner: User
) -> None:
    sent = {**opened(client, instance, "telegram"), "telegram-allowedUserIds": "7"}
    InstanceChannel.objects.connect(
        instance, TELEGRAM, {"allowedUserIds": "99"}, owner, enabled=False
    )
    page = client.post(url_of(instance), sent)
    assert "Somebody else changed this to “99”." in page.content.decode()
    again = sent_back(page.context["failed"])
    assert "telegram-enabled" not in again
    ticked = {**again, "telegram-enabled": "on"}
    assert client.post(url_of(instance), ticked).status_code == 302
    assert InstanceChannel.objects.get().enabled
    assert stored(instance) == {"botToken": TOKEN, "allowedUserIds": "7"}


def test_deleting_asks_first(client: Client, instance: Instance, telegram: InstanceChannel) -> None:
    step = url_of(instance, "telegram/disconnect/")
    asked = client.get(step).content.decode()
    assert "Delete Telegram of My assistant? Nobody reaches the instance in Telegram" in asked
    assert "<strong>Remove</strong> Bot token" in asked
    assert "<strong>Remove</strong> Allowed user ids" in asked
    assert InstanceChannel.objects.exists()
    assert client.post(step).status_code == 302
    assert not InstanceChannel.objects.exists()
    again = client.post(step, follow=True).content.decode()
    assert "telegram is not connected" in again.lower()


def test_what_is_not_there_is_told_in_words(client: Client, instance: Instance) -> None:
    for kind in ("MARKER", "slack"):
        step = url_of(instance, f"{kind}/disconnect/")
        for response in (client.get(step, follow=True), client.post(step, follow=True)):
            assert response.status_code == 200, kind
            assert "MARKER" not in response.content.decode(), kind
    assert "no such channel" in (
        client.post(url_of(instance), {"channel": "x"}, follow=True).content.decode()
    )


def test_a_viewer_sees_what_is_set_and_no_inputs(
    browse: Browse, viewer: User, instance: Instance, telegram: InstanceChannel
) -> None:
    client = browse(viewer)
    page = client.get(url_of(instance)).content.decode()
    main = page[page.index('id="content"') :]
    assert "Bot token" in main
    assert "42" in main
    assert "<input" not in main
    assert client.post(url_of(instance), {"channel": "telegram"}).status_code == 403
    assert "disconnect" not in main
    step = url_of(instance, "telegram/disconnect/")
    assert client.get(step).status_code == 403
    assert client.post(step).status_code == 403
    assert InstanceChannel.objects.exists()


def test_an_outsider_finds_nothing(browse: Browse, outsider: User, instance: Instance) -> None:
    client = browse(outsider)
    assert client.get(url_of(instance)).status_code == 404
    assert client.post(url_of(instance), {"channel": "telegram"}).status_code == 404


def test_the_page_takes_at_most_ten_queries(
    client: Client,
    instance: Instance,
    telegram: InstanceChannel,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(10):
        assert "no-store" in client.get(url_of(instance))["Cache-Control"]


def test_a_type_of_another_version_is_named_and_can_be_deleted(
    client: Client, instance: Instance, foreign: InstanceChannel
) -> None:
    page = client.get(url_of(instance)).content.decode()
    step = url_of(instance, "matrix/disconnect/")
    assert "unknown type" in page
    assert step in page
    asked = client.get(step).content.decode()
    assert "accessToken" in asked
    assert "MARKER" not in page + asked
    assert "Matrix is deleted." in client.post(step, follow=True).content.decode()
    assert not InstanceChannel.objects.exists()


def test_a_configuration_that_is_no_object_spares_the_page(
    client: Client, instance: Instance, telegram: InstanceChannel
) -> None:
    InstanceChannel.objects.update(config="12")
    page = client.get(url_of(instance)).content.decode()
    assert page.count('placeholder="configured"') == 1
    assert 'value="12"' not in page
