"""The guide's Verification from beginning to end: our server, its workers, and curl."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from pytest_httpserver import HTTPServer

from tests.live import Checkout, Running, shown_password
from tests.playground.conftest import CHAT, KEY, Script, chunk, question

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="not on this machine: curl")
INSTANCE = "/api/instances/my-assistant"
DONE = b"data: [DONE]\n\n"


@pytest.fixture(scope="module")
def server(project: Checkout, loopback: HTTPServer) -> Iterator[Running]:
    with project.running(OPENAI_BASE_URL=loopback.url_for("/v1")) as running:
        yield running


@pytest.fixture(scope="module")
def client(project: Checkout, server: Running) -> Iterator[httpx2.Client]:
    """Signed in as the first superuser."""
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=60) as made:
        account = {"username": "admin", "password": shown_password(project.first_output)}
        token = made.post("/api/auth/token", json=account).json()["token"]
        made.headers["Authorization"] = f"Bearer {token}"
        made.patch(INSTANCE, json={"provider": "openai", "model": "gpt-test"}).raise_for_status()
        yield made


@contextmanager
def curl(client: httpx2.Client, url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`curl -N`, asking for a stream."""
    headers = ("-H", "Content-Type: application/json", "-H", "@-")
    body = ("-d", json.dumps(question(stream=True)))
    command = ("curl", "-qsN", *headers, *body, f"{url}{CHAT}")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(f"Authorization: {client.headers['Authorization']}\n".encode())
        process.stdin.close()
        try:
            yield process
        finally:
            process.kill()


def test_set_ask_leave_and_delete(
    client: httpx2.Client, server: Running, loopback: HTTPServer
) -> None:
    secrets = f"{INSTANCE}/secrets"
    entry = {"key": "openai_api_key", "value": KEY}
    client.put(secrets, json={"secrets": [entry]}).raise_for_status()
    try:
        for goes_away in (False, True):
            script = Script()
            loopback.expect_oneshot_request(CHAT).respond_with_handler(script.perform)
            script.say(chunk("Hel"))
            with curl(client, server.url) as process:
                assert process.stdout
                assert process.stdout.read(len(chunk("Hel"))) == chunk("Hel")
                if goes_away:
                    process.kill()
                    assert script.say_until_nobody_listens()
                else:
                    script.say(chunk("lo!", "stop"), DONE)
                    assert process.stdout.read() == chunk("lo!", "stop") + DONE
            script.end()
    finally:
        loopback.clear()
    client.delete(f"{secrets}/openai_api_key").raise_for_status()
    answers = [client.post(CHAT, json=question()) for _ in range(8)]
    assert {answer.json()["error"]["code"] for answer in answers} == {"missing_api_key"}
    assert KEY not in server.output
    assert "Traceback" not in server.output
