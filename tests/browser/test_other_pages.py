"""The pages beside those of an instance: WCAG 2 A and AA by axe-core, and our own policy."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from instances.models import AccessToken, Instance
from tests.browser import needs_axe, press

PAGES = (
    "/admin/",
    "/admin/?all",
    "/admin/encryption/",
    "/admin/password_change/",
    "/admin/nope/",
    "/admin/instances/instance/",
    "/admin/instances/instance/?q=nothing+of+this+name",
    "/admin/instances/instance/add/",
    "/admin/instances/instance/import/",
    "/admin/instances/instance/00000000-0000-4000-8000-000000000000/secrets/",
    "/admin/instances/instance/00000000-0000-4000-8000-000000000000/change/",
    "/admin/instances/accesstoken/",
    "/admin/instances/accesstoken/add/",
    "/admin/instances/accesstoken/{token}/delete/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/auth/user/{user}/change/",
    "/admin/auth/user/{user}/password/",
    "/admin/auth/user/{user}/delete/",
    "/admin/auth/user/{user}/history/",
)

pytestmark = needs_axe


def test_the_pages_beside_an_instance(
    window: Page, base: str, instance: Instance, viewer: User, inspect: Callable[..., None]
) -> None:
    token = AccessToken.objects.issue(viewer, timedelta(days=3), instances=[instance])[1]
    inspect(*(path.format(token=token.pk, user=viewer.pk) for path in PAGES))


def test_on_a_phone(
    window: Page, base: str, instance: Instance, inspect: Callable[..., None]
) -> None:
    window.set_viewport_size({"width": 375, "height": 780})
    inspect("/admin/", "/admin/auth/user/", "/admin/instances/instance/?q=nothing+of+this+name")
    window.goto("/admin/instances/accesstoken/add/")
    window.get_by_label("What it is for").fill("x" * 100)
    window.get_by_label("my-assistant").check()
    press(window, "Make the token")
    assert not overflows(window)
    inspect("/admin/instances/accesstoken/")
    assert not overflows(window)
    instance.name = "W" * 255
    instance.save()
    window.goto(f"{base}/delete/")
    assert not overflows(window)


def test_a_preview_and_a_token(
    window: Page, base: str, instance: Instance, inspect: Callable[..., None]
) -> None:
    window.goto(f"{base}/secrets/paste/")
    window.get_by_label("Lines of a .env file").fill("A=1\nOPENAI_API_KEY=2\nnonsense")
    press(window, "Show what would change")
    inspect()
    window.goto(f"{base}/../../accesstoken/add/?instance={instance.pk}")
    press(window, "Make the token")
    inspect()
    window.get_by_label("What it is for").fill("nightly")
    press(window, "Make the token")
    inspect()


def test_the_session_ends_while_a_form_is_filled_in(
    page: Page, base: str, instance: Instance, inspect: Callable[..., None], live_server: Any
) -> None:
    page.get_by_label("OpenAI API key", exact=True).fill("x")
    cookies = [each for each in page.context.cookies() if each["name"] == "csrftoken"]
    page.context.clear_cookies()
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    press(page, "Save secrets")
    expect(page.get_by_text("You were signed out; nothing was saved.")).to_be_visible()
    inspect()
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill("root")
    press(page, "Log in")
    expect(page.get_by_role("button", name="Save secrets")).to_be_visible()


def overflows(page: Page) -> bool:
    """Whether something is wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
