"""What the tests in the browser do and look for."""

from playwright.sync_api import Locator, Page

MARKER = "MARKER-8d1f"


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
