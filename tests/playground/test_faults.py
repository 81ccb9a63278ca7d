"""What a provider's failures become: our words, never its own, and never the key."""

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Event, Thread
from time import sleep
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from playground import upstream
from tests.playground.conftest import CHAT, COMPLETION, KEY

Ask = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("quiet_log")

# What the provider answers, and what we do.
STATUSES = {
    400: (400, "provider_refused_request"),
    401: (400, "provider_refused_key"),
    402: (400, "provider_without_credit"),
    403: (400, "provider_forbids"),
    404: (400, "provider_model_not_found"),
    408: (504, "provider_timeout"),
    413: (413, "request_too_large"),
    422: (400, "provider_refused_request"),
    429: (429, "rate_limit_exceeded"),
    500: (502, "provider_failed"),
    502: (502, "provider_failed"),
    503: (503, "provider_overloaded"),
    529: (503, "provider_overloaded"),
    999: (502, "provider_failed"),
    201: (502, "provider_failed"),
    204: (502, "provider_failed"),
}


@pytest.mark.parametrize("stream", [True, False])
def test_a_status_is_told_in_our_words(ask: Ask, provider: HTTPServer, stream: bool) -> None:
    echo = {"error": {"message": f"Incorrect API key: {KEY}", "code": KEY, "param": KEY}}
    told = {}
    for theirs in STATUSES:
        provider.expect_oneshot_request(CHAT).respond_with_json(echo, status=theirs)
        response = ask(stream=stream)
        error = response.json()["error"]
        told[theirs] = (response.status_code, error["code"])
        assert list(error) == ["message", "type", "code", "param"], theirs
        assert "MARKER" not in str(response.headers) + response.content.decode(), theirs
        assert error["message"].endswith("."), theirs
    assert told == STATUSES


def test_a_refused_key_says_which_secret_to_set_anew(ask: Ask, provider: HTTPServer) -> None:
    provider.expect_request(CHAT).respond_with_json({}, status=401)
    assert "openai_api_key" in ask().json()["error"]["message"]


# An error of the provider's, and the code and the member that we name.
NAMES: list[tuple[Any, str, str | None]] = [
    ({"code": "unsupported_parameter", "param": "seed"}, "unsupported_parameter", "seed"),
    ({"code": "context_length_exceeded", "param": None}, "context_length_exceeded", None),
    ({"code": None, "param": "seed"}, "provider_refused_request", "seed"),
    ({"code": "ours", "param": "theirs"}, "provider_refused_request", None),
    ({"code": None, "param": "MARKER"}, "provider_refused_request", None),
    ({"code": ["x"], "param": {"seed": 1}}, "provider_refused_request", None),
    ([1], "provider_refused_request", None),
]


def test_what_is_wrong_with_the_request_is_named_if_the_name_is_known(
    ask: Ask, provider: HTTPServer
) -> None:
    for error, code, param in NAMES:
        provider.expect_oneshot_request(CHAT).respond_with_json({"error": error}, status=400)
        response = ask(seed=1, MARKER=1)
        assert "MARKER" not in response.content.decode(), error
        answer = response.json()["error"]
        assert (answer["code"], answer["param"]) == (code, param), error
        assert ("seed" in answer["message"]) is (param == "seed"), error


# A Retry-After of the provider's, and ours.
WAITS = {"7": "7", "0": "1", "999999999": "86400", "-3": "1", "soon": "1", "1.5": "1",
         KEY: "1", "٣": "1", "": "1"}  # fmt: skip


@pytest.mark.parametrize("status", [429, 503])
def test_when_to_try_again_is_passed_on(ask: Ask, provider: HTTPServer, status: int) -> None:
    told = {}
    for sent in WAITS:
        headers = {"Retry-After": sent.encode().decode("latin-1")}
        again = provider.expect_oneshot_request(CHAT)
        again.respond_with_data("{}", status=status, headers=headers)
        told[sent] = ask().get("Retry-After")
    assert told == WAITS


def test_a_date_to_try_again_becomes_seconds(ask: Ask, provider: HTTPServer) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    headers = {"Retry-After": date}
    provider.expect_request(CHAT).respond_with_data("{}", status=429, headers=headers)
    assert 3_500 < int(ask()["Retry-After"]) <= 3_600


NO_OBJECTS = [
    b"", b"OK", b"<html>", b"[]", b'"text"', b"null", b'{"a":', b"\xff{}", b"[" * 100_000,
    b'{"a":NaN}', b'{"a":-Infinity}', b'{"error":{"message":"%b"}}' % KEY[:9].encode(),
    KEY.encode(),
]  # fmt: skip


def test_an_answer_that_is_no_object_is_not_passed_on(ask: Ask, provider: HTTPServer) -> None:
    for raw in NO_OBJECTS:
        answer = provider.expect_oneshot_request(CHAT)
        answer.respond_with_data(raw, content_type="application/json")
        response = ask()
        assert response.status_code == 502, raw[:40]
        assert response.json()["error"]["code"] == "provider_broke_off", raw[:40]


def test_an_answer_that_ends_early_is_not_passed_on(ask: Ask, provider: HTTPServer) -> None:
    raw = json.dumps(COMPLETION)
    headers = {"Content-Length": str(len(raw) + 1)}
    provider.expect_request(CHAT).respond_with_handler(lambda _: Response([raw], headers=headers))
    assert ask().json()["error"]["code"] == "provider_broke_off"


def test_an_answer_without_end_is_not_collected(
    ask: Ask, provider: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "MAX_ANSWER_BYTES", 1 << 20)
    said = []

    def endless() -> Iterator[bytes]:
        while True:
            said.append(1)
            yield b" " * 65_536

    provider.expect_request(CHAT).respond_with_handler(lambda _: Response(endless()))
    assert ask().json()["error"]["code"] == "provider_broke_off"
    assert len(said) < 1_000


def test_a_compressed_answer_is_not_unpacked(ask: Ask, provider: HTTPServer) -> None:
    headers = {"Content-Encoding": "gzip"}
    provider.expect_request(CHAT).respond_with_data(b"\x1f\x8b", headers=headers)
    assert ask().json()["error"]["code"] == "provider_failed"


def test_an_answer_that_says_it_is_not_compressed_is_fine(ask: Ask, provider: HTTPServer) -> None:
    for encoding in ("identity", "Identity"):
        headers = {"Content-Encoding": encoding}
        provider.expect_oneshot_request(CHAT).respond_with_json(COMPLETION, headers=headers)
        assert ask().json() == COMPLETION, encoding


def test_the_key_does_not_follow_a_redirect(ask: Ask, provider: HTTPServer) -> None:
    headers = {"Location": provider.url_for("/elsewhere")}
    statuses = [301, 302, 303, 307, 308]
    for status in statuses:
        provider.expect_oneshot_request(CHAT).respond_with_data(status=status, headers=headers)
        assert ask().status_code == 502, status
        assert provider.log[-1][0].path == CHAT, status
    assert len(provider.log) == len(statuses)


def test_a_provider_that_refuses_connections_cannot_be_reached(ask: Ask, settings: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        response = ask()
    assert response.status_code == 502
    assert response.json()["error"]["code"] == "provider_unreachable"


def test_a_provider_that_does_not_speak_http_has_broken_off(ask: Ask, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{server.getsockname()[1]}"
        for said in (b"", b"HTTP/1.1 200 OK\r\n", b"SSH-2.0-x\r\n\r\n"):
            with _answering(server, said):
                response = ask()
            assert response.status_code == 502, said
            assert response.json()["error"]["code"] == "provider_broke_off", said


def test_a_provider_that_says_nothing_is_given_up(ask: Ask, settings: Any) -> None:
    settings.PROVIDER_TIMEOUTS = {**settings.PROVIDER_TIMEOUTS, "read": 0.1}
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{server.getsockname()[1]}"
        response = ask()
    assert (response.status_code, response.json()["error"]["code"]) == (504, "provider_timeout")


@pytest.mark.parametrize("stream", [True, False])
def test_the_body_of_an_error_is_not_waited_for(
    ask: Ask, settings: Any, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    monkeypatch.setattr(upstream, "ERROR_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{server.getsockname()[1]}"
        head = b"HTTP/1.1 429 No\r\nContent-Length: 99\r\n\r\n{"
        is_over = pool.submit(_say_and_stay, server, head)
        assert ask(stream=stream).json()["error"]["code"] == "rate_limit_exceeded"
        assert is_over.result()


def test_an_answer_that_goes_on_for_too_long_is_given_up(
    ask: Ask, provider: HTTPServer, settings: Any
) -> None:
    settings.ANSWER_SECONDS, is_over = 0.2, Event()

    def dribble() -> Iterator[bytes]:
        try:
            for _ in range(600):
                yield b" "
                sleep(0.05)
        finally:
            is_over.set()

    provider.expect_request(CHAT).respond_with_handler(lambda _: Response(dribble()))
    response = ask()
    assert (response.status_code, response.json()["error"]["code"]) == (504, "provider_timeout")
    assert is_over.wait(10)


def test_an_address_that_is_none_is_told_as_unreachable_or_broken(ask: Ask, settings: Any) -> None:
    for address in ("http://[::1", "ftp://127.0.0.1", "no-scheme", ""):
        settings.OPENAI_BASE_URL = address
        response = ask()
        assert response.status_code == 502, address
        assert response.json()["error"]["type"] == "server_error", address


def test_the_environments_proxy_is_not_used(
    ask: Ask, provider: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.expect_request(CHAT).respond_with_json(COMPLETION)
    upstream.client.cache_clear()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask().status_code == 200


def _say_and_stay(server: socket.socket, said: bytes) -> bool:
    """Tell one connection ``said``, and True once the other side hangs up."""
    connection, _ = server.accept()
    with connection:
        connection.settimeout(30)
        connection.recv(65_536)
        connection.sendall(said)
        while connection.recv(65_536):
            pass
    return True


@contextmanager
def _answering(server: socket.socket, said: bytes) -> Iterator[None]:
    """One connection to ``server`` is told ``said`` and closed."""

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(said)

    thread = Thread(target=answer)
    thread.start()
    yield
    thread.join()
