"""Every page of an instance, light and dark: WCAG 2 A and AA by axe-core, and our own policy."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from playwright.sync_api import Page

from instances.models import AccessToken, Instance
from tests.browser import needs_axe, press, sign_in

PAGES = (
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
    "/bundle/",
    "/audit/",
    "/history/",
    "/delete/",
)
FOR_VIEWERS = ("/../../../", "/../", "/change/", "/secrets/", "/channels/", "/members/",
               "/secrets/paste/")  # fmt: skip

pytestmark = needs_axe


def test_the_pages_of_an_instance(
    window: Page, base: str, instance: Instance, viewer: User, inspect: Callable[..., None]
) -> None:
    token = AccessToken.objects.issue(viewer, timedelta(days=3), instances=[instance])[1]
    inspect(*(base + path.format(token=token.pk) for path in PAGES))


def test_what_a_viewer_sees(
    window: Page,
    base: str,
    viewer: User,
    inspect: Callable[..., None],
    live_server: Any,
    settings: Any,
) -> None:
    settings.ENCRYPTION_KEY = "2e" * 32
    viewer.is_staff = True
    viewer.save()
    sign_in(window, live_server, viewer)
    inspect(*(base + path for path in FOR_VIEWERS))
    assert window.get_by_text("You may not do this").is_visible()


def test_pages_that_come_back(window: Page, base: str, inspect: Callable[..., None]) -> None:
    window.goto(f"{base}/channels/")
    window.get_by_role("region", name="Slack").get_by_label("Enabled").check()
    press(window, "Save Slack")
    inspect()
    window.goto(f"{base}/change/")
    window.get_by_label("Name").fill("")
    press(window, window.get_by_role("button", name="Save", exact=True))
    inspect()
    window.goto(f"{base}/secrets/")
    window.get_by_label("Name of new key 1").fill("BAD")
    press(window, "Save secrets")
    inspect()
    window.get_by_label("Name of new key 1").fill("")
    window.get_by_label("Remove OpenAI API key").check()
    press(window, "Save secrets")
    inspect()
    window.goto(f"{base}/members/")
    window.get_by_label("Username").fill("nobody")
    press(window, "Add member")
    inspect()
