"""POST /v1/chat/completions with ``stream``: passed on as it arrives."""

import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest
from django.db import connection
from pytest_httpserver import HTTPServer
from werkzeug import Response

from playground.events import COMMENT
from tests.playground.conftest import CHAT, ESCAPED, KEY, Script, chunk

Ask = Callable[..., Any]
DONE = b"data: [DONE]\n\n"


def streamed(provider: HTTPServer, *parts: bytes, **headers: str) -> None:
    """The provider's whole answer to the next question, in these parts."""
    headers = {"Content-Type": "text/event-stream"} | headers
    provider.expect_oneshot_request(CHAT).respond_with_handler(
        lambda _: Response(iter(parts), headers=headers)
    )


def begin_and_fall_silent(server: socket.socket) -> bool:
    """Play the provider; True once the other side hangs up."""
    connection, _ = server.accept()
    with connection:
        connection.settimeout(30)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
        connection.sendall(head + chunk("Hi"))
        while connection.recv(65_536):
            pass  # the request
    return True


def last_error(events: list[bytes]) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(events[-1].removeprefix(b"data: "))["error"]
    return error


def test_each_event_is_passed_on_before_the_provider_says_the_next(
    ask: Ask, script: Script
) -> None:
    script.say(chunk("Hel"))
    response = ask(stream=True)
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-store"
    assert response["X-Accel-Buffering"] == "no"
    events = iter(response.streaming_content)
    assert next(events) == chunk("Hel")
    for said in (chunk("lo!"), chunk("", "stop"), DONE):
        script.say(said)
        assert next(events) == said
    assert list(events) == []
    response.close()


def test_the_stream_members_reach_the_provider(ask: Ask, provider: HTTPServer) -> None:
    streamed(provider, chunk("Hi", "stop"), DONE)
    assert ask(stream=True, stream_options={"include_usage": True}).getvalue().endswith(DONE)
    ((request, _),) = provider.log
    assert request.headers["Accept"] == "text/event-stream"
    assert request.get_json()["stream_options"] == {"include_usage": True}


def test_the_bytes_are_the_providers_however_they_are_cut(ask: Ask, provider: HTTPServer) -> None:
    said = b": hello\n\n" + chunk("Привет") + chunk("", "stop") + DONE
    for newline, size in product([b"\n", b"\r\n", b"\r"], [1, 2, 3, 7, 50, 5_000]):
        raw = said.replace(b"\n", newline)
        streamed(provider, *(raw[at : at + size] for at in range(0, len(raw), size)))
        assert ask(stream=True).getvalue() == raw, (newline, size)


def test_what_follows_the_end_is_not_waited_for(ask: Ask, script: Script) -> None:
    script.say(chunk("Hi", "stop"), DONE)
    response = ask(stream=True)
    assert list(response.streaming_content) == [chunk("Hi", "stop"), DONE]
    response.close()
    assert script.say_until_nobody_listens()


def test_a_stream_without_an_end_mark_is_whole_once_it_says_why_it_finished(
    ask: Ask, provider: HTTPServer
) -> None:
    usage = chunk("", choices=[], usage={"total_tokens": 5})
    for parts in ([chunk("Hi", "stop")], [chunk("Hi", "stop"), usage]):
        streamed(provider, *parts)
        assert ask(stream=True).getvalue() == b"".join(parts)


def test_the_kind_of_an_answer_is_read_without_case(ask: Ask, provider: HTTPServer) -> None:
    headers = {"Content-Type": "Text/Event-Stream; charset=utf-8"}
    streamed(provider, chunk("Hi", "stop"), DONE, **headers)
    assert ask(stream=True).getvalue() == chunk("Hi", "stop") + DONE


def test_a_half_stream_ends_with_an_error_event(ask: Ask, provider: HTTPServer) -> None:
    hi, lo, no_end = chunk("Hi"), chunk("lo")[:-30], chunk('"finish_reason": "stop"')
    for parts, whole in (((), b""), ((hi,), hi), ((hi, lo), hi), ((no_end,), no_end)):
        streamed(provider, *parts)
        events = list(ask(stream=True).streaming_content)
        assert b"".join(events[:-1]) == whole, parts
        assert last_error(events) == {
            "message": "OpenAI broke off, or did not answer as it should; try again.",
            "type": "server_error",
            "code": "provider_broke_off",
            "param": None,
        }, parts


def test_a_connection_that_breaks_off_ends_with_an_error_event(
    ask: Ask, provider: HTTPServer
) -> None:
    streamed(provider, chunk("Hi"), **{"Content-Length": "9999"})
    events = list(ask(stream=True).streaming_content)
    assert events[0] == chunk("Hi")
    assert last_error(events)["code"] == "provider_broke_off"


def test_a_stream_that_does_not_begin_is_given_up(ask: Ask, settings: Any) -> None:
    settings.STREAM_START_SECONDS = 0.1
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        response = ask(stream=True)
    assert (response.status_code, response.json()["error"]["code"]) == (504, "provider_timeout")


def test_a_stream_that_has_begun_may_be_silent_for_longer(
    ask: Ask, script: Script, settings: Any
) -> None:
    settings.STREAM_START_SECONDS, settings.STREAM_COMMENT_SECONDS = 0.5, 0.15
    script.say(chunk("Hi"))
    events = iter(ask(stream=True).streaming_content)
    assert next(events) == chunk("Hi")
    assert [next(events) for _ in range(5)] == [COMMENT] * 5
    script.say(chunk("", "stop"), DONE)
    assert [event for event in events if event != COMMENT] == [chunk("", "stop"), DONE]


def test_a_provider_that_falls_silent_is_given_up(ask: Ask, script: Script, settings: Any) -> None:
    settings.PROVIDER_TIMEOUTS = {**settings.PROVIDER_TIMEOUTS, "read": 0.2}
    script.say(chunk("Hi"))
    events = list(ask(stream=True).streaming_content)
    assert events[0] == chunk("Hi")
    assert last_error(events)["code"] == "provider_timeout"


ERRORS = [
    b'data: {"error":{"message":"Incorrect API key: sk-MARKER*6789","code":"x"}}\n\n',
    b'data: {"choices":[],"error":"sk-MARKER"}\r\n\r\n',
    b'data:{"err\\u006fr":\ndata:{"message":"sk-MARKER"}}\n\n',
    b'event: error\ndata: {"message":"sk-MARKER"}\n\n',
    b"data: Incorrect API key: sk-MARKER*6789\n\n",
]


def test_an_error_inside_a_stream_is_told_in_our_words(ask: Ask, provider: HTTPServer) -> None:
    for said in ERRORS:
        streamed(provider, chunk("Hi"), said, chunk("lo", "stop"), DONE)
        events = list(ask(stream=True).streaming_content)
        assert len(events) == 2, said
        assert events[0] == chunk("Hi"), said
        assert last_error(events)["code"] == "provider_broke_off", said
        assert b"MARKER" not in b"".join(events), said


def test_an_event_without_end_is_not_collected(ask: Ask, provider: HTTPServer) -> None:
    streamed(provider, chunk("Hi"), *[b"x" * 65_536] * 40)
    events = list(ask(stream=True).streaming_content)
    assert last_error(events)["code"] == "provider_broke_off"
    assert len(b"".join(events)) < 2_000


def test_an_answer_that_is_no_stream_is_an_error_from_the_start(
    ask: Ask, provider: HTTPServer
) -> None:
    provider.expect_request(CHAT).respond_with_json({"choices": []})
    response = ask(stream=True)
    assert response.status_code == 502
    assert response.json()["error"]["code"] == "provider_broke_off"


def test_a_refusal_is_told_with_its_status_before_the_stream(
    ask: Ask, provider: HTTPServer
) -> None:
    provider.expect_request(CHAT).respond_with_json({}, status=429)
    response = ask(stream=True)
    assert (response.status_code, response["Content-Type"]) == (429, "application/json")


def test_a_key_that_a_gateway_repeats_is_not_passed_on(ask: Ask, provider: HTTPServer) -> None:
    streamed(provider, *(chunk(f"{KEY}!")[at : at + 5] for at in range(0, 400, 5)), DONE)
    answer = ask(stream=True).getvalue()
    assert b"[redacted]!" in answer
    assert KEY.encode() not in answer


def test_a_key_that_a_gateway_repeats_with_escapes_breaks_the_stream_off(
    ask: Ask, provider: HTTPServer
) -> None:
    for spelling in ESCAPED:
        streamed(provider, chunk("Hi"), chunk("<>").replace(b"<>", spelling.encode()), DONE)
        events = list(ask(stream=True).streaming_content)
        assert events[:-1] == [chunk("Hi")], spelling
        assert last_error(events)["code"] == "provider_broke_off", spelling


def test_a_client_that_goes_away_ends_the_call(ask: Ask, script: Script) -> None:
    script.say(chunk("Hi"))
    response = ask(stream=True)
    assert next(iter(response.streaming_content)) == chunk("Hi")
    response.close()
    assert script.say_until_nobody_listens()


def test_a_silent_stream_gets_comments_and_goes_on(ask: Ask, script: Script, settings: Any) -> None:
    settings.STREAM_COMMENT_SECONDS = 0.05
    first, last = chunk("Hi")[:20], chunk("Hi")[20:]
    script.say(first)
    events = iter(ask(stream=True).streaming_content)
    assert next(events) == next(events) == COMMENT
    script.say(last, chunk("", "stop"), DONE)
    assert [event for event in events if event != COMMENT] == [
        chunk("Hi"), chunk("", "stop"), DONE,
    ]  # fmt: skip


def test_a_client_that_goes_away_during_silence_ends_the_call(ask: Ask, settings: Any) -> None:
    settings.STREAM_COMMENT_SECONDS = 0.05
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        is_over = pool.submit(begin_and_fall_silent, server)
        response = ask(stream=True)
        events = iter(response.streaming_content)
        assert [next(events), next(events)] == [chunk("Hi"), COMMENT]
        response.close()
        assert is_over.result(60)
    assert "completion" not in {thread.name for thread in threading.enumerate()}


def test_a_client_that_never_reads_ends_the_call(ask: Ask, script: Script) -> None:
    script.say(chunk("Hi"))
    ask(stream=True).close()
    assert script.say_until_nobody_listens()


@pytest.mark.django_db(transaction=True)
def test_a_stream_holds_no_transaction_and_asks_nothing_of_the_database(
    ask: Ask, script: Script, django_assert_num_queries: Any
) -> None:
    script.say(chunk("Hi"))
    response = ask(stream=True)
    assert connection.get_autocommit()
    assert not connection.in_atomic_block
    with django_assert_num_queries(0):
        events = iter(response.streaming_content)
        next(events)
        script.say(chunk("", "stop"), DONE)
        assert list(events)[-1] == DONE
        response.close()
