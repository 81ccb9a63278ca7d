"""Downloading the bundle of an instance, and importing it: as a new one, and back onto it."""

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from instances.models import Instance
from secrets_app.models import InstanceSecret
from tests.browser import MARKER, assert_no_marker, press


def test_export_then_import_as_a_new_instance_and_onto_the_old(
    page: Page, instance: Instance, tmp_path: Path
) -> None:
    InstanceSecret.objects.set_many(instance, {"openai_api_key": MARKER}, None)
    press(page, page.get_by_role("link", name="Export and import"))
    with page.expect_download() as started:
        page.get_by_role("link", name="Download as JSON").click()
    bundle = json.loads(Path(started.value.path()).read_text(encoding="utf-8"))
    assert MARKER not in json.dumps(bundle)
    bundle["instance"]["name"] = "Renamed"
    file = tmp_path / started.value.suggested_filename
    file.write_text(json.dumps(bundle), encoding="utf-8")

    page.get_by_label("Bundle").set_input_files(file)
    press(page, "Show what would change")
    expect(page.get_by_text("Nothing has been changed yet.")).to_be_visible()
    press(page, "Import into My assistant")
    expect(page.get_by_text("There is nothing left to enter.")).to_be_visible()
    assert Instance.objects.get().name == "Renamed"

    press(page, page.get_by_role("link", name="Instances").first)
    press(page, page.get_by_role("link", name="Import instance"))
    page.get_by_label("Bundle").set_input_files(file)
    press(page, "Show what would change")
    press(page, "Import as my-assistant-imported")
    expect(page.get_by_text("Set the secret openai_api_key.")).to_be_visible()
    assert_no_marker(page)
    assert Instance.objects.count() == 2


def test_a_file_that_is_no_bundle_is_explained(window: Page, tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    file.write_text(f'{{"version": "9", "secret": "{MARKER}"}}', encoding="utf-8")
    window.goto("/admin/instances/instance/import/")
    window.get_by_label("Bundle").set_input_files(file)
    press(window, "Show what would change")
    expect(window.get_by_text("Nothing has been imported.")).to_be_visible()
    expect(window.get_by_text("Only bundles of version 1.x can be read.")).to_be_visible()
    assert_no_marker(window)
