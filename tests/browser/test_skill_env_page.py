"""Variables of a skill: what is sensitive never comes back, what is readable is edited."""

from playwright.sync_api import Page, expect

from instances.models import Instance
from secrets_app.models import InstanceSkillEnv
from tests.browser import MARKER, assert_no_marker, press

SAVE = "Save variables"


def test_add_a_skill_then_set_edit_replace_and_remove_its_variables(
    page: Page, instance: Instance
) -> None:
    press(page, page.get_by_role("link", name="Skill env"))
    page.get_by_label("New skill").fill("web-search")
    press(page, "Enter its variables")
    page.get_by_label("Name of new variable 1").fill("TOKEN")
    page.get_by_label("Value of new variable 1", exact=True).fill(f"{MARKER}-1")
    page.get_by_label("Name of new variable 2").fill("PEM")
    page.get_by_text("Several lines for Value of new variable 2").click()
    page.get_by_label("Several lines for Value of new variable 2").fill(f"{MARKER}\n2")
    page.get_by_label("Name of new variable 3").fill("REGION")
    page.get_by_label("Value of new variable 3", exact=True).fill("eu")
    page.get_by_label("Sensitive: never shown again Value of new variable 3").uncheck()
    press(page, SAVE)
    expect(page.get_by_text("Set PEM, REGION, TOKEN.")).to_be_visible()
    expect(page.get_by_label("TOKEN", exact=True)).to_have_attribute("placeholder", "configured")
    expect(page.get_by_label("REGION", exact=True)).to_have_value("eu")
    assert_no_marker(page)
    page.get_by_label("TOKEN", exact=True).fill(f"{MARKER}-3")
    page.get_by_label("REGION", exact=True).fill("\nus\n2")
    page.get_by_label("Remove PEM").check()
    press(page, SAVE)
    expect(page.get_by_text("Remove PEM")).to_be_visible()
    assert_no_marker(page)
    press(page, "Save 2 and remove 1 variable")
    expect(page.get_by_label("REGION", exact=True)).to_have_value("\nus\n2")
    assert_no_marker(page)
    press(page, SAVE)
    expect(page.get_by_text("Nothing was entered")).to_be_visible()
    stored = InstanceSkillEnv.objects.reveal(instance, "web-search")
    assert stored == {"TOKEN": f"{MARKER}-3", "REGION": "\nus\n2"}


def test_a_marker_in_every_field_of_a_refused_form_is_nowhere(page: Page) -> None:
    press(page, page.get_by_role("link", name="Skill env"))
    page.get_by_label("New skill").fill(MARKER)
    press(page, "Enter its variables")
    assert_no_marker(page)
    page.get_by_label("New skill").fill("web-search")
    press(page, "Enter its variables")
    for field in page.locator("main input[type=password], main input[type=text]").all():
        field.fill(MARKER)
    press(page, SAVE)
    expect(page.get_by_text("Nothing has been saved yet")).to_be_visible()
    assert_no_marker(page)
    assert not InstanceSkillEnv.objects.exists()
