"""A person at the admin, in a real browser."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from instances.models import Instance
from tests.browser import MARKER

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}; CHROMIUM names another place")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop in this thread, which Django takes for async code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        arguments = ["--no-sandbox", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield running
        running.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser refused because of the Content-Security-Policy."""
    return []


@pytest.fixture
def page(
    browser: Browser,
    live_server: Any,
    superuser: User,
    instance: Instance,
    complaints: list[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Page]:
    """The Settings tab, reached as a person does: by signing in.

    Afterwards the log is read for the marker, and the policy must not have been broken.
    """
    caplog.set_level(logging.DEBUG)
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()

    def listen(said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            complaints.append(said.text)

    page.on("console", listen)
    page.goto(f"/admin/instances/instance/{instance.pk}/secrets/")
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill("root")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/secrets/")
    yield page
    context.close()
    assert MARKER not in caplog.text
    assert not complaints
