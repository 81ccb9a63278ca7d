"""What the tests in the browser do and look for."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Locator, Page

MARKER = "MARKER-8d1f"
AXE = Path(os.environ.get("AXE", "node_modules/axe-core/axe.min.js"))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
needs_axe = pytest.mark.skipif(
    not AXE.exists(), reason=f"no axe-core at {AXE}; npm install --no-save axe-core brings it"
)


def sign_in(page: Page, server: Any, user: User) -> None:
    """Give the browser a session of this user, in place of the one it may have."""
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    name = settings.SESSION_COOKIE_NAME
    page.context.clear_cookies()
    cookie = {"name": name, "value": client.cookies[name].value, "url": server.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]


def press(page: Page, button: Locator | str) -> None:
    """Press a button and wait for the page that follows, so that nothing is read from the old."""
    if isinstance(button, str):
        button = page.get_by_role("button", name=button)
    with page.expect_navigation():
        button.click()


def assert_no_marker(page: Page, marker: str = MARKER) -> None:
    """Not in the document, the inputs, the address, cookies or storage."""
    shown = page.content() + page.url + str(page.context.cookies()) + str(
        page.evaluate(
            "JSON.stringify([localStorage, sessionStorage,"
            " [...document.querySelectorAll('input, textarea')].map(each => each.value)])"
        )
    )  # fmt: skip
    assert marker not in shown


def violations(page: Page, rules: list[str]) -> list[str]:
    """What axe-core finds on the page as it stands, by rule and place."""
    # A link fades from one scheme's colour to the other's: that is over first.
    found: list[str] = page.evaluate(
        """async rules => {
            document.getAnimations().forEach(each => each.finish());
            const found = await axe.run({runOnly: rules, resultTypes: ["violations"]});
            const places = each => each.nodes.slice(0, 3).map(node => node.target);
            return found.violations.map(each => `${each.id}: ${places(each)}`);
        }""",
        rules,
    )
    return found
