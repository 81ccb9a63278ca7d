"""What LangSmith is told of a completion."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from instances.models import Instance
from playground import langsmith_sender
from secrets_app.models import InstanceSecret
from tests.playground.conftest import CHAT, KEY, Script, chunk
from tests.playground.traces.conftest import LANGSMITH_KEY, run_of, sent

QUESTION, ANSWER = "Hi", "Hello!"
DONE = b"data: [DONE]\n\n"

Ask = Callable[..., Any]


def test_a_run_has_name_times_model_and_tokens_and_no_text(
    ask: Ask, traced: Instance, answering: None, langsmith: HTTPServer
) -> None:
    assert ask().status_code == 200
    run = run_of(langsmith)
    assert (run["name"], run["run_type"]) == ("chat.completions", "llm")
    assert run["session_name"] == "my-assistant"
    assert run["start_time"] < run["end_time"]
    assert run["error"] is None
    assert run["extra"]["metadata"] == {
        "ls_provider": "openai",
        "ls_model_name": "gpt-test",
        "ls_model_type": "chat",
        "usage_metadata": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
    }
    assert (run["inputs"], run["outputs"]) == ({}, {})
    assert ANSWER not in json.dumps(run)


def test_texts_are_sent_if_the_instance_says_so(
    ask: Ask,
    traced: Instance,
    answering: None,
    langsmith: HTTPServer,
    change: Callable[..., None],
) -> None:
    change(langsmith_content=True)
    ask()
    run = run_of(langsmith)
    assert run["inputs"] == {"messages": [{"role": "user", "content": QUESTION}]}
    assert run["outputs"] == {"role": "assistant", "content": ANSWER}


def test_a_text_that_is_too_long_is_left_out(
    ask: Ask,
    traced: Instance,
    answering: None,
    langsmith: HTTPServer,
    change: Callable[..., None],
) -> None:
    change(langsmith_content=True)
    ask(messages=[{"role": "user", "content": "x" * (300 << 10)}])
    assert run_of(langsmith)["inputs"] == {"messages": "[left out: too long]"}


def test_an_answer_that_is_too_long_is_left_out(
    ask: Ask,
    traced: Instance,
    script: Script,
    langsmith: HTTPServer,
    change: Callable[..., None],
) -> None:
    change(langsmith_content=True)
    script.say(*[chunk("x" * (100 << 10))] * 3, DONE)
    ask(stream=True).getvalue()
    assert run_of(langsmith)["outputs"]["content"] == "[left out: too long]"


def test_an_error_inside_a_stream_is_told_by_our_code(
    ask: Ask, traced: Instance, script: Script, langsmith: HTTPServer
) -> None:
    script.say(chunk("Hel"), b'data: {"error":{"message":"key sk-MARKER"}}\n\n', DONE)
    ask(stream=True).getvalue()
    assert run_of(langsmith)["error"] == "provider_broke_off"


def test_a_stream_is_traced_as_a_whole(
    ask: Ask,
    traced: Instance,
    script: Script,
    langsmith: HTTPServer,
    change: Callable[..., None],
) -> None:
    change(langsmith_content=True)
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    script.say(chunk("Hel"), chunk("lo!", "stop"), chunk("", usage=usage, choices=[]), DONE)
    events = iter(ask(stream=True).streaming_content)
    while next(events) != DONE:
        pass
    run = run_of(langsmith)  # sent although the client hangs up at this word
    assert run["outputs"]["content"] == ANSWER
    assert run["extra"]["metadata"]["usage_metadata"]["total_tokens"] == 5
    assert run["error"] is None


def test_a_stream_that_its_client_left_is_traced_as_cancelled(
    ask: Ask, traced: Instance, script: Script, langsmith: HTTPServer
) -> None:
    script.say(chunk("Hel"))
    response = ask(stream=True)
    next(iter(response.streaming_content))
    response.close()
    assert run_of(langsmith)["error"] == "cancelled"


def test_a_stream_without_an_end_mark_is_no_failure(
    ask: Ask, traced: Instance, script: Script, langsmith: HTTPServer
) -> None:
    script.say(chunk("Hi", "stop"))
    script.end()
    ask(stream=True).getvalue()
    assert run_of(langsmith)["error"] is None


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("status", "code"), [(401, "provider_refused_key"), (200, "provider_broke_off")]
)
def test_a_failure_is_traced_by_its_code(
    ask: Ask,
    traced: Instance,
    provider: HTTPServer,
    langsmith: HTTPServer,
    stream: bool,
    status: int,
    code: str,
) -> None:
    echo = {"error": {"message": f"wrong key {KEY}"}}
    provider.expect_request(CHAT).respond_with_json(echo, status=status)
    assert ask(stream=stream).json()["error"]["code"] == code
    assert run_of(langsmith)["error"] == code


def test_a_key_that_a_gateway_repeats_is_not_in_the_trace(
    ask: Ask,
    traced: Instance,
    provider: HTTPServer,
    langsmith: HTTPServer,
    change: Callable[..., None],
) -> None:
    change(langsmith_content=True)
    message = {"role": "assistant", "content": f"your key is {KEY}"}
    provider.expect_request(CHAT).respond_with_json({"choices": [{"message": message}]})
    ask()
    assert run_of(langsmith)["outputs"]["content"] == "your key is [redacted]"


def test_only_who_is_traced_and_has_a_key_is_told_of(
    ask: Ask,
    traced: Instance,
    answering: None,
    langsmith: HTTPServer,
    change: Callable[..., None],
) -> None:
    InstanceSecret.objects.remove(traced, "langsmith_api_key", None)
    assert ask().status_code == 200
    InstanceSecret.objects.set_many(traced, {"langsmith_api_key": LANGSMITH_KEY}, None)
    change(langsmith_enabled=False)
    assert ask().status_code == 200
    assert langsmith_sender._thread is None
    assert sent(langsmith) == []
