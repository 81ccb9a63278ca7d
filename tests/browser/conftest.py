"""A person at the admin, in a real browser."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from channels_app.catalog import TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import Instance
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from secrets_app.skill_env_managers import EnvEntry
from tests.browser import AXE, MARKER, RULES, sign_in, violations

# The shell is the same engine without windows and starts and draws in a third less time.
PLACES = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
CHROMIUM = os.environ.get("CHROMIUM") or next((each for each in PLACES if Path(each).exists()), "")
# A page of ours lives for less than a second: what compiles its scripts well comes too late for it.
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--js-flags=--no-opt --no-maglev"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).is_file():
        places = CHROMIUM or " or ".join(PLACES)
        pytest.skip(f"no Chromium at {places}; CHROMIUM names another place")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop in this thread, which Django takes for async code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def context(browser: Browser, live_server: Any) -> Iterator[BrowserContext]:
    """One for all tests, because a first page takes most of its time to fetch what all share."""
    made = browser.new_context(base_url=live_server.url)
    yield made
    made.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser refused because of the Content-Security-Policy."""
    return []


@pytest.fixture
def window(
    context: BrowserContext,
    live_server: Any,
    superuser: User,
    complaints: list[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Page]:
    """Nothing is shown yet; there is a session of a superuser.

    Afterwards the log is read for the marker, and the policy must not have been broken.
    """
    caplog.set_level(logging.DEBUG)
    page = context.new_page()

    def listen(said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            complaints.append(said.text)

    page.on("console", listen)
    sign_in(page, live_server, superuser)
    yield page
    page.evaluate("localStorage.clear()")
    page.close()
    context.clear_cookies()
    assert MARKER not in caplog.text
    assert not complaints


@pytest.fixture
def page(window: Page, instance: Instance) -> Page:
    """The window, with the secrets of the instance."""
    window.goto(f"/admin/instances/instance/{instance.pk}/secrets/")
    return window


@pytest.fixture
def inspect(window: Page, complaints: list[str]) -> Callable[..., None]:
    """Look at these pages, or at the one that stands there: policy first, then axe, which itself
    offends the policy."""
    # Not added as a script: the policy would refuse that, and rightly.
    window.add_init_script(path=AXE)

    def go_and_look(*paths: str) -> None:
        for path in paths:
            window.goto(path)
            look()
        if not paths:
            look()

    def look() -> None:
        assert not complaints, window.url
        assert violations(window, RULES) == [], window.url
        # The two schemes differ in colours and nothing else.
        window.emulate_media(color_scheme="dark")
        assert violations(window, ["color-contrast"]) == [], f"{window.url}, dark"
        window.emulate_media(color_scheme="light")
        complaints.clear()

    return go_and_look


@pytest.fixture
def base(instance: Instance) -> str:
    """The address of the pages of an instance that has something of everything."""
    InstanceSecret.objects.set_many(instance, {"openai_api_key": "x", "mine": "x"}, None)
    InstanceChannel.objects.connect(instance, TELEGRAM, {"botToken": "x"}, None)
    variables = [EnvEntry("TOKEN", "x"), EnvEntry("REGION", "x", sensitive=False)]
    InstanceSkillEnv.objects.set_many(instance, "search", variables, None)
    return f"/admin/instances/instance/{instance.pk}"
