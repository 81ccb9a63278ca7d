"""Whatever becomes of a trace, the completion is answered."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from instances.models import Instance
from playground import langsmith_sender
from secrets_app.models import InstanceSecret
from tests.playground.conftest import CHAT, COMPLETION, KEY
from tests.playground.traces.conftest import LANGSMITH_KEY, run_of, sent, wait

Ask = Callable[..., Any]


def test_a_langsmith_key_that_does_not_open_costs_the_trace_alone(
    ask: Ask,
    traced: Instance,
    answering: None,
    langsmith: HTTPServer,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    old, new = settings.ENCRYPTION_KEY, "2e" * 32
    settings.ENCRYPTION_KEY = new
    InstanceSecret.objects.set_many(traced, {"openai_api_key": KEY}, None)
    assert ask().status_code == 200
    assert sent(langsmith) == []
    assert "my-assistant is not traced" in caplog.text
    settings.ENCRYPTION_KEY = old


def test_a_langsmith_that_refuses_is_not_noticed(
    ask: Ask, traced: Instance, answering: None, langsmith: HTTPServer
) -> None:
    for status in (400, 401, 403, 404, 409, 422, 429, 500, 503):
        before = len(sent(langsmith))
        langsmith.expect_oneshot_request("/langsmith/runs").respond_with_data(
            f"no: {LANGSMITH_KEY}", status=status, headers={"Retry-After": "99"}
        )
        assert ask().json() == COMPLETION, status
        assert sent(langsmith)[before:], status


def test_a_langsmith_that_is_slow_or_down_is_not_waited_for(
    ask: Ask,
    traced: Instance,
    answering: None,
    langsmith: HTTPServer,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answered = threading.Event()

    def slow(_: Request) -> Response:
        assert answered.wait(10)
        return Response()

    langsmith.clear()
    langsmith.expect_request(CHAT).respond_with_json(COMPLETION)
    langsmith.expect_request("/langsmith/runs").respond_with_handler(slow)
    assert ask().json() == COMPLETION
    answered.set()
    wait()
    settings.LANGSMITH_ENDPOINT = "http://127.0.0.1:9"
    assert ask().json() == COMPLETION
    wait()
    assert "LangSmith took no trace: LangSmithConnectionError" in caplog.text


def test_a_key_does_not_follow_a_redirect(
    ask: Ask, traced: Instance, answering: None, langsmith: HTTPServer
) -> None:
    elsewhere = langsmith.url_for("/langsmith/elsewhere")
    langsmith.expect_oneshot_request("/langsmith/runs").respond_with_data(
        status=307, headers={"Location": elsewhere}
    )
    ask()
    assert [request.path for request in sent(langsmith)] == ["/langsmith/runs"]


def test_a_key_that_no_header_can_hold_costs_the_trace_alone(
    ask: Ask, traced: Instance, answering: None, langsmith: HTTPServer
) -> None:
    for key in ("lsv2_MARKER\n", "lsv2_MARKER é", " "):
        InstanceSecret.objects.set_many(traced, {"langsmith_api_key": key}, None)
        assert ask().json() == COMPLETION, key
        wait()


def test_an_answer_of_another_shape_is_passed_on(
    ask: Ask, traced: Instance, provider: HTTPServer
) -> None:
    answers: list[dict[str, Any]] = [
        {}, {"choices": None}, {"choices": []}, {"choices": [1]}, {"choices": [{"message": 1}]},
        {"choices": [{"message": {"content": ["x"]}}]}, {"usage": 1},
        {"usage": {"total_tokens": "5"}},
    ]  # fmt: skip
    for answer in answers:
        provider.expect_oneshot_request(CHAT).respond_with_json(answer)
        assert ask().json() == answer


def test_what_is_too_much_is_dropped(
    ask: Ask,
    traced: Instance,
    answering: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(langsmith_sender._waiting, "maxsize", 1)
    monkeypatch.setattr(langsmith_sender, "_start", lambda: None)
    for _ in range(2):
        assert ask().status_code == 200
    assert "A trace is dropped: Full" in caplog.text
    langsmith_sender._waiting.get()


def test_the_clients_of_many_keys_are_few_and_closed() -> None:
    clients = langsmith_sender._Clients()
    made = [clients.get("http://127.0.0.1:9", f"key-{n}") for n in range(9)]
    assert clients.get("http://127.0.0.1:9", "key-8") is made[8]
    assert clients.get("http://127.0.0.1:9", "key-0") is not made[0]
    assert len(clients._clients) == langsmith_sender.MAX_CLIENTS
    clients.close()


def test_the_environment_neither_reroutes_nor_stops_nor_empties_a_trace(
    langsmith: HTTPServer, tmp_path: Path
) -> None:
    """In a process of its own: the SDK looks once, and for some while it is imported."""
    langsmith.expect_request("/langsmith/runs").respond_with_json({}, status=202)
    elsewhere = langsmith.url_for("/elsewhere")
    variables = {
        "ENDPOINT": langsmith.url_for("/langsmith"),  # of the settings
        "RUNS_ENDPOINTS": json.dumps({elsewhere: "other"}),
        "API_KEY": "other", "WORKSPACE_ID": "other", "PROJECT": "other", "TRACING": "false",
        "TRACING_SAMPLING_RATE": "0", "TRACING_MODE": "otel", "RUN_COMPRESSION_LEVEL": "none",
        "HIDE_INPUTS": "true", "HIDE_OUTPUTS": "true", "HIDE_METADATA": "true",
        "FAILED_TRACES_DIR": str(tmp_path), "AGENT_ID": "other",
    }  # fmt: skip
    program = (
        "import polyant.wsgi; from playground import langsmith_sender as sender;"
        "sender.IDLE_SECONDS = 0.01;"
        f"sender.send({LANGSMITH_KEY!r}, {{'name': 'n', 'run_type': 'llm', 'project_name': 'mine',"
        " 'inputs': {'a': 1}, 'outputs': {'b': 2}, 'extra': {'metadata': {'c': 3}}})"
    )
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": ".",
        "HTTP_PROXY": "http://127.0.0.1:9",
        **{f"LANGSMITH_{name}": value for name, value in variables.items()},
        "LANGCHAIN_ENDPOINT": elsewhere,
    }
    subprocess.run((sys.executable, "-c", program), check=True, env=environment)
    run = run_of(langsmith)
    assert (run["session_name"], run["inputs"], run["outputs"]) == ("mine", {"a": 1}, {"b": 2})
    assert run["extra"]["metadata"]["c"] == 3
    assert "X-Tenant-Id" not in sent(langsmith)[0].headers
