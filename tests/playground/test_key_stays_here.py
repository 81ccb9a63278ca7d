"""The key stays here, whatever a gateway repeats and whatever breaks under our hands."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.signals import got_request_exception
from pytest_httpserver import HTTPServer
from rest_framework.test import APIClient

from instances.models import Instance
from playground import upstream
from polyant.logs import BareExceptionReporter
from secrets_app.models import InstanceSecret
from tests.playground.conftest import CHAT, COMPLETION, ESCAPED, KEY, question

Ask = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("quiet_log")


def test_a_key_that_a_gateway_repeats_is_not_passed_on(ask: Ask, provider: HTTPServer) -> None:
    provider.expect_request(CHAT).respond_with_json({**COMPLETION, "note": f"<{KEY}>"})
    assert ask().json()["note"] == "<[redacted]>"


@pytest.mark.parametrize("spelling", ESCAPED)
def test_a_key_that_a_gateway_repeats_with_escapes_is_not_passed_on(
    ask: Ask, provider: HTTPServer, spelling: str
) -> None:
    raw = json.dumps({**COMPLETION, "note": "<>"}).replace("<>", f"<{spelling}>")
    assert json.loads(raw)["note"] == f"<{KEY}>"
    provider.expect_request(CHAT).respond_with_data(raw)
    response = ask()
    assert response.json()["error"]["code"] == "provider_broke_off"
    assert KEY not in str(json.loads(response.content))


def test_a_key_that_json_must_escape_is_not_passed_on(
    ask: Ask, asked: Instance, provider: HTTPServer
) -> None:
    key = 'sk-"MARKER"/\\x'
    InstanceSecret.objects.set_many(asked, {"openai_api_key": key}, None)
    provider.expect_request(CHAT).respond_with_json({**COMPLETION, "note": key})
    assert ask().json()["error"]["code"] == "provider_broke_off"


def test_what_is_too_short_for_a_key_is_a_part_of_a_word(
    ask: Ask, asked: Instance, provider: HTTPServer
) -> None:
    InstanceSecret.objects.set_many(asked, {"openai_api_key": "Hello"}, None)
    provider.expect_request(CHAT).respond_with_json(COMPLETION)
    assert ask().json() == COMPLETION


def test_other_escapes_are_passed_on(ask: Ask, provider: HTTPServer) -> None:
    raw = json.dumps({**COMPLETION, "note": "<>"}).replace("<>", "\\u0022\\\\u0041 \\/\\n")
    provider.expect_request(CHAT).respond_with_data(raw)
    assert ask().content.decode() == raw


def test_a_failure_of_ours_reports_no_key(api: APIClient, asked: Instance) -> None:
    """Whatever breaks under our hands: answer and error report have neither key nor question."""

    def report(**_: Any) -> None:
        reporter = BareExceptionReporter(None, *sys.exc_info())
        reports.extend([reporter.get_traceback_html(), reporter.get_traceback_text()])

    reports: list[str] = []
    got_request_exception.connect(report)
    upstream.client().close()
    api.raise_request_exception = False
    response = api.post(CHAT, question(note="MARKER-question"))
    upstream.client.cache_clear()
    got_request_exception.disconnect(report)
    assert response.status_code == 500
    assert response.json()["error"]["type"] == "server_error"
    assert all("client has been closed" in each for each in reports)
    assert len(reports) == 2
    assert "MARKER" not in response.content.decode() + "".join(reports)
