"""Setting, replacing, removing and pasting: nothing that was typed is ever shown again."""

from playwright.sync_api import Page, expect

from channels_app.models import InstanceChannel
from instances.models import Instance
from secrets_app.models import InstanceSecret
from tests.browser import MARKER, assert_no_marker, press

SAVE = "Save secrets"


def test_set_replace_remove_and_paste_without_a_value_ever_coming_back(
    page: Page, instance: Instance
) -> None:
    page.get_by_label("OpenAI API key", exact=True).fill(f"{MARKER}-1")
    page.get_by_label("Name of new key 1").fill("deploy_key")
    page.get_by_text("Several lines for Value of new key 1").click()
    page.get_by_label("Several lines for Value of new key 1").fill(f"{MARKER}\n2")
    press(page, SAVE)
    expect(page.get_by_label("OpenAI API key", exact=True)).to_have_attribute(
        "placeholder", "configured"
    )
    assert_no_marker(page)
    page.get_by_label("OpenAI API key", exact=True).fill(f"{MARKER}-3")
    page.get_by_label("Remove deploy_key").check()
    press(page, SAVE)
    assert_no_marker(page)
    press(page, "Save 1 and remove 1 secret")
    assert_no_marker(page)
    press(page, page.get_by_role("link", name="Paste a .env file"))
    page.get_by_label("Lines of a .env file").fill(f"GITHUB_TOKEN={MARKER}-4\nnonsense {MARKER}")
    press(page, "Show what would change")
    assert_no_marker(page)
    press(page, "Save 1 secret, leave out the rest")
    assert_no_marker(page)
    stored = InstanceSecret.objects.reveal_many(instance, ["openai_api_key", "github_token"])
    assert stored == {"openai_api_key": f"{MARKER}-3", "github_token": f"{MARKER}-4"}
    assert not InstanceSecret.objects.filter(key="deploy_key").exists()


def test_the_secrets_page_is_used_with_the_keyboard_alone(page: Page, instance: Instance) -> None:
    page.get_by_label("OpenAI API key", exact=True).focus()
    page.keyboard.type(MARKER)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Set openai_api_key.")).to_be_visible()
    page.get_by_label("Remove OpenAI API key").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove 1 secret")).to_be_visible()
    page.get_by_role("button", name="Remove 1 secret").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Removed openai_api_key.")).to_be_visible()
    assert not InstanceSecret.objects.exists()


def test_a_marker_in_every_field_of_a_refused_form_is_nowhere(page: Page) -> None:
    for name in (SAVE, "Save Telegram", "Save Slack", "Save WhatsApp"):
        if name == "Save Telegram":
            press(page, page.get_by_role("link", name="Channels"))
        for field in page.locator("main input[type=password], main input[type=text]").all():
            field.fill(MARKER)
        press(page, name)
        expect(page.get_by_text("nothing has been saved yet")).to_be_visible()
        assert_no_marker(page)
    assert not InstanceSecret.objects.exists()
    assert not InstanceChannel.objects.exists()


def test_what_was_typed_is_not_there_again_after_back(page: Page) -> None:
    for field in page.locator("main input[type=password]").all():
        field.fill(MARKER)
    page.get_by_text("Several lines for Value of new key 1").click()
    page.get_by_label("Several lines for Value of new key 1").fill(MARKER)
    press(page, page.get_by_role("link", name="Channels"))
    page.go_back()
    expect(page.get_by_role("button", name=SAVE)).to_be_visible()
    assert_no_marker(page)
