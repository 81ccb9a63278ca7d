"""The HTTP conversation with a provider.

A WSGI server notices that a client has left only when it writes; until the answer begins, these
time-outs are the limit.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from typing import Any

import httpx2
from django.conf import settings

from playground import faults
from playground.pauses import with_pauses
from playground.providers import Provider
from polyant.openai_errors import OpenAIError

MAX_ANSWER_BYTES = 16 << 20
MAX_ERROR_BYTES = 64 << 10
# For the body of an error: what it may say is short, and the caller waits.
ERROR_SECONDS: float = 3
# The characters that a header may have: for another one, the HTTP library would quote the key.
_USABLE_KEY = re.compile(r"[\x21-\x7e]+")

# What the library raises; an address that it cannot read is no `HTTPError`.
FAILURES = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError)


@cache
def client() -> httpx2.Client:
    """One pool of connections for this process. Environment, redirects and cookies are ignored:

    each could carry an instance's key, or a mark of its account, to somewhere else.
    """
    made = httpx2.Client(
        trust_env=False,
        follow_redirects=False,
        limits=httpx2.Limits(max_connections=256, max_keepalive_connections=32),
    )
    made.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return made


def send(provider: Provider, key: str, body: Mapping[str, Any]) -> httpx2.Response:
    """Ask for a completion; the open answer of a provider that agreed to give one.

    Raises:
        OpenAIError: the key cannot be sent, the provider refused, or it cannot be reached.
    """
    if not _USABLE_KEY.fullmatch(key):
        told = f"{provider.key} has a space, a line break or a letter that no key has; set it anew."
        raise OpenAIError(400, "unusable_api_key", told)
    try:
        response = client().send(_request(provider, key, body), stream=True)
    except FAILURES as error:
        raise faults.failure(provider, error) from None  # the cause holds the request's headers
    is_plain = response.headers.get("Content-Encoding", "identity").lower() == "identity"
    if response.status_code == httpx2.codes.OK and is_plain:
        _allow_silence(response, settings.PROVIDER_TIMEOUTS["read"])
        return response
    raise faults.refusal(provider, response, _start(response))


def read(provider: Provider, response: httpx2.Response, deadline: float) -> bytes:
    """The whole answer, a JSON object. ``deadline`` is a time of ``monotonic``.

    Raises:
        OpenAIError: it ended early, is too large, takes too long, or is something else.
    """
    parts: list[bytes] = []
    size = 0
    arriving = with_pauses(pieces(provider, response), response)
    with closing(response), closing(arriving):
        for part in arriving:
            parts.append(part)
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise faults.broken(provider)
            if monotonic() > deadline:
                raise faults.late(provider)
    return b"".join(parts)


def pieces(provider: Provider, response: httpx2.Response) -> Iterator[bytes]:
    """The bytes of an answer as they arrive.

    Raises:
        OpenAIError: the provider broke off.
    """
    try:
        # Unlike `iter_raw`, this does not give the connection back at the end: who breaks a
        # silent stream off must still own it.
        assert isinstance(response.stream, httpx2.SyncByteStream), "the client is no async one"
        yield from response.stream
    except FAILURES as error:
        raise faults.failure(provider, error) from None


def _request(provider: Provider, key: str, body: Mapping[str, Any]) -> httpx2.Request:
    headers = {
        "Accept": "text/event-stream" if body.get("stream") else "application/json",
        "Accept-Encoding": "identity",  # bytes are passed on as they are; none unpack to more
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "User-Agent": "polyant",
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    first = {"read": settings.STREAM_START_SECONDS} if body.get("stream") else {}
    timeout = httpx2.Timeout(**{**settings.PROVIDER_TIMEOUTS, **first})
    return client().build_request(
        "POST", provider.completions_url, content=content, headers=headers, timeout=timeout
    )


def _allow_silence(response: httpx2.Response, seconds: float) -> None:
    """Set the time-out of reading where the library looks when it begins to read the body."""
    response.request.extensions["timeout"]["read"] = seconds


def _start(response: httpx2.Response) -> bytes:
    """As much of an error body as is there within ``ERROR_SECONDS``, or twice that.

    Up to ``MAX_ERROR_BYTES`` and what came with them.
    """
    start, deadline = b"", monotonic() + ERROR_SECONDS
    _allow_silence(response, ERROR_SECONDS)
    with closing(response), suppress(*FAILURES):
        for part in response.iter_raw():
            start += part
            if len(start) >= MAX_ERROR_BYTES or monotonic() > deadline:
                break
    return start
