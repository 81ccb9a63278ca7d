"""Connecting a channel, being refused, and deleting it."""

from playwright.sync_api import Page, expect

from channels_app.catalog import SLACK
from channels_app.models import InstanceChannel
from instances.models import Instance
from tests.browser import MARKER, assert_no_marker, press


def test_connect_enable_refuse_and_delete_a_channel(page: Page, instance: Instance) -> None:
    press(page, page.get_by_role("link", name="Channels"))
    slack = page.get_by_role("region", name="Slack")
    slack.get_by_label("Bot token").fill(f"xoxb-{MARKER}")
    slack.get_by_label("Enabled").check()
    press(page, slack.get_by_role("button", name="Save Slack"))
    expect(slack.get_by_text("An enabled channel needs this.")).to_be_visible()
    assert_no_marker(page)
    slack.get_by_label("App-level token").fill(f"xapp-{MARKER}")
    press(page, slack.get_by_role("button", name="Save Slack"))
    expect(page.get_by_text("Slack is saved and enabled.")).to_be_visible()
    assert_no_marker(page)
    stored = InstanceChannel.objects.reveal(instance, SLACK)
    assert stored == {"botToken": f"xoxb-{MARKER}", "appToken": f"xapp-{MARKER}"}
    press(page, page.get_by_role("link", name="Delete Slack"))
    press(page, "Delete Slack")
    expect(page.get_by_text("Slack is deleted.")).to_be_visible()
    assert not InstanceChannel.objects.exists()
