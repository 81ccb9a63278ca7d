"""Every page of the admin, light and dark: WCAG 2 A and AA by axe-core, and our own policy."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import AccessToken, Instance
from secrets_app.managers import EnvEntry
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from tests.browser import press

AXE = Path(os.environ.get("AXE", "node_modules/axe-core/axe.min.js"))
PAGES = (
    "/../../../",
    "/../../../?all",
    "/../../../encryption/",
    "/../",
    "/../add/",
    "/../00000000-0000-4000-8000-000000000000/secrets/",
    "/change/",
    "/secrets/",
    "/secrets/paste/",
    "/skill-env/",
    "/skill-env/search/",
    "/channels/",
    "/playground/",
    "/channels/telegram/disconnect/",
    "/members/",
    "/members/viewer/remove/",
    "/tokens/",
    "/tokens/{token}/withdraw/",
    "/../../accesstoken/",
    "/../../accesstoken/add/",
    "/../../accesstoken/{token}/delete/",
    "/bundle/",
    "/../import/",
    "/audit/",
    "/delete/",
)
FOR_VIEWERS = ("/../../../", "/../", "/change/", "/secrets/", "/channels/", "/members/")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

pytestmark = pytest.mark.skipif(
    not AXE.exists(), reason=f"no axe-core at {AXE}; npm install --no-save axe-core brings it"
)


@pytest.fixture
def inspect(page: Page, complaints: list[str]) -> Callable[[], None]:
    """Look at the page as it stands: policy first, then axe, which itself offends the policy."""

    def look() -> None:
        assert not complaints, page.url
        # Evaluated, not added as a script: the policy would refuse that, and rightly.
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert violations(page, RULES) == [], page.url
        # The two schemes differ in colours and nothing else.
        page.emulate_media(color_scheme="dark")
        assert violations(page, ["color-contrast"]) == [], f"{page.url}, dark"
        page.emulate_media(color_scheme="light")
        complaints.clear()

    return look


def test_the_pages_have_no_violation(
    page: Page, instance: Instance, viewer: User, inspect: Callable[[], None]
) -> None:
    base = furnish(instance)
    token = AccessToken.objects.issue(viewer, timedelta(days=3), instances=[instance])[1]
    for path in PAGES:
        page.goto(base + path.format(token=token.pk))
        inspect()
    page.goto(f"{base}/channels/")
    page.get_by_role("region", name="Slack").get_by_label("Enabled").check()
    press(page, "Save Slack")
    inspect()
    page.goto(f"{base}/secrets/")
    page.get_by_label("Name of new key 1").fill("BAD")
    press(page, "Save secrets")
    inspect()
    page.get_by_label("Name of new key 1").fill("")
    page.get_by_label("Remove OpenAI API key").check()
    press(page, "Save secrets")
    inspect()
    page.goto(f"{base}/secrets/paste/")
    page.get_by_label("Lines of a .env file").fill("A=1\nOPENAI_API_KEY=2\nnonsense")
    press(page, "Show what would change")
    inspect()
    page.goto(f"{base}/members/")
    page.get_by_label("Username").fill("nobody")
    press(page, "Add member")
    inspect()
    page.goto(f"{base}/../../accesstoken/add/?instance={instance.pk}")
    press(page, "Make the token")
    inspect()
    page.get_by_label("What it is for").fill("nightly")
    press(page, "Make the token")
    inspect()


def test_what_a_viewer_sees_has_no_violation(
    page: Page, instance: Instance, viewer: User, inspect: Callable[[], None], settings: Any
) -> None:
    base = furnish(instance)
    settings.ENCRYPTION_KEY = "2e" * 32
    viewer.is_staff = True
    viewer.save()
    page.context.clear_cookies()
    page.goto("/admin/login/")
    inspect()
    page.get_by_label("Username").fill("viewer")
    page.get_by_label("Password").fill("viewer")
    press(page, "Log in")
    for path in FOR_VIEWERS:
        page.goto(base + path)
        inspect()


def furnish(instance: Instance) -> str:
    """Something of everything; the address of the instance's pages."""
    InstanceSecret.objects.set_many(instance, {"openai_api_key": "x", "mine": "x"}, None)
    InstanceChannel.objects.connect(instance, TELEGRAM, {"botToken": "x"}, None)
    variables = [EnvEntry("TOKEN", "x"), EnvEntry("REGION", "x", sensitive=False)]
    InstanceSkillEnv.objects.set_many(instance, "search", variables, None)
    return f"/admin/instances/instance/{instance.pk}"


def violations(page: Page, rules: list[str]) -> list[str]:
    # A link fades from one scheme's colour to the other's.
    page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
    found = page.evaluate("rules => axe.run({runOnly: rules})", rules)
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']][:3]}"
        for each in found["violations"]
    ]
