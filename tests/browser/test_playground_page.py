"""Asking in the Playground: the answer as it streams in, a stop, and what is missing."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from instances.models import Instance
from secrets_app.models import InstanceSecret
from tests.browser import MARKER, assert_no_marker
from tests.playground.conftest import CHAT, Loopback, Script, chunk

DONE = b"data: [DONE]\n\n"


@pytest.fixture
def script(settings: Any) -> Iterator[Script]:
    """What the provider streams."""
    script = Script()
    with Loopback(host="127.0.0.1", threaded=True) as server:
        settings.OPENAI_BASE_URL = settings.ANTHROPIC_BASE_URL = server.url_for("/v1")
        server.expect_request(CHAT).respond_with_handler(script.perform)
        yield script
        script.end()


@pytest.mark.parametrize("slug", ["openai", "anthropic"])
def test_the_tokens_of_a_stream_are_asked_for(
    page: Page, instance: Instance, script: Script, slug: str
) -> None:
    Instance.objects.filter(pk=instance.pk).update(provider=slug, model="test")
    InstanceSecret.objects.set_many(instance, {f"{slug}_api_key": f"sk-{MARKER}"}, None)
    script.say(chunk("Hello!", "stop"), chunk("", usage={"total_tokens": 5}, choices=[]), DONE)
    page.get_by_role("link", name="Playground").click()
    page.get_by_label("Message").fill("Hi")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_have_text("Answered.")
    expect(page.locator("#answer")).to_have_text("Hello!")
    (request,) = script.asked
    assert request.get_json()["stream_options"] == {"include_usage": True}


def test_ask_stop_and_set_the_missing_key(page: Page, instance: Instance, script: Script) -> None:
    Instance.objects.filter(pk=instance.pk).update(provider="openai", model="gpt-test")
    page.get_by_role("link", name="Playground").click()
    page.get_by_role("link", name="Set openai_api_key").click()
    field = page.get_by_label("OpenAI API key", exact=True)
    expect(field).to_be_in_viewport()
    field.fill(f"sk-{MARKER}")
    page.get_by_role("button", name="Save secrets").click()
    expect(page.get_by_text("Set openai_api_key.")).to_be_visible()

    page.get_by_role("link", name="Playground").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    page.get_by_label("Message").fill("Hi")
    answer = page.locator("#answer")
    script.say(chunk("Hel"))
    page.get_by_role("button", name="Send").click()
    expect(answer).to_have_text("Hel")
    expect(answer).to_have_attribute("aria-busy", "true")
    script.say(
        chunk("lo <b>ы</b>!", "stop"), chunk("", usage={"total_tokens": 5}, choices=[]), DONE
    )
    expect(answer).to_have_text("Hello <b>ы</b>!")
    expect(page.get_by_role("status")).to_have_text("Answered.")
    expect(answer).to_have_attribute("aria-busy", "false")
    assert_no_marker(page)

    script.end()
    script.say(chunk("And"))
    page.get_by_role("button", name="Send").click()
    expect(answer).to_have_text("And")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("status")).to_have_text("Stopped.")
    assert script.say_until_nobody_listens()

    page.route(f"**{CHAT}", lambda route: route.fulfill(status=502, json={"error": {}}), times=1)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("broke off")
    expect(page.get_by_role("link", name="Set openai_api_key")).to_be_hidden()

    InstanceSecret.objects.remove(instance, "openai_api_key", None)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("openai_api_key is not set")
    expect(page.get_by_role("link", name="Set openai_api_key")).to_be_visible()
