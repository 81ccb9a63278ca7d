"""A provider's answer, whole or as it arrives, and what is made of one that fails."""

import json
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import NoReturn

import httpx2

from playground import events, faults, upstream
from playground.pauses import with_pauses
from playground.providers import Provider
from playground.slots import Slot
from playground.traces import Trace
from polyant.openai_errors import OpenAIError

_REDACTED = b"[redacted]"
# JSON's escapes of the characters that a key may have.
_ESCAPE = re.compile(rb'\\(?:u00([2-7][0-9a-fA-F])|(["\\/]))')
# No provider has shorter keys, and a shorter text may be a part of a word.
_SHORTEST_KEY = 8


@dataclass(frozen=True)
class Answer:
    """An answer under way. One of ``read`` and ``stream`` is called, once."""

    provider: Provider
    key: str = field(repr=False)
    response: httpx2.Response
    trace: Trace
    slot: Slot
    deadline: float

    def read(self) -> bytes:
        """The whole answer: a JSON object.

        Raises:
            OpenAIError: it ended early, is too large, or is something else.
        """
        try:
            raw = self.without_key(upstream.read(self.provider, self.response, self.deadline))
            if not _is_answer(raw):
                raise faults.broken(self.provider)
            self.trace.observe(raw, "message")
            self.trace.send()
        except OpenAIError as error:
            self.trace.send(error.code)
            raise
        finally:
            self.close()
        return raw

    def stream(self) -> "Stream":
        """The answer's events as they arrive.

        Raises:
            OpenAIError: the provider answers with something other than events.
        """
        kind = self.response.headers.get("Content-Type", "")
        if not kind.lower().startswith("text/event-stream"):
            error = faults.broken(self.provider)
            self.trace.send(error.code)
            self.close()
            raise error
        return Stream(self)

    def close(self) -> None:
        """End the conversation, wherever it stands."""
        self.response.close()
        self.trace.send("cancelled")  # unless it has been sent
        self.slot.close()

    def without_key(self, raw: bytes) -> bytes:
        """The bytes without the key. No provider repeats it, but a gateway might.

        A key that is spread over several events is not found.

        Raises:
            OpenAIError: the key is there, written with JSON's escapes.
        """
        key = self.key.encode()
        if len(key) < _SHORTEST_KEY:
            return raw
        if key in _ESCAPE.sub(_unescaped, raw.replace(key, _REDACTED)):
            raise faults.broken(self.provider)
        return raw.replace(key, _REDACTED)


class Stream:
    """Whole events of an answer. ``close`` ends the conversation, begun or not, finished or not."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._events = self._relay()

    def __iter__(self) -> Iterator[bytes]:
        return self._events

    def close(self) -> None:
        """Called by the server at the end of an answer, and when its client has gone."""
        self._events.close()
        self._answer.close()

    def _relay(self) -> Generator[bytes, None, None]:
        trace = self._answer.trace
        try:
            with closing(self._until_done()) as said:
                for event in said:
                    trace.observe(events.data(event), "delta")
                    if events.is_done(event):
                        # Before it is sent: a client may hang up at this word.
                        trace.send()
                    yield event
        except OpenAIError as error:
            trace.send(error.code)
            yield events.error_event(error)
        else:
            trace.send()

    def _until_done(self) -> Generator[bytes, None, None]:
        """The events up to the last. A stream that ends without saying so has broken off."""
        provider, response = self._answer.provider, self._answer.response
        is_whole = False
        try:
            with closing(with_pauses(upstream.pieces(provider, response), response)) as pieces:
                for event in events.split(pieces):
                    is_done = events.is_done(event)
                    if not is_done and _breaks_off(event):
                        raise faults.broken(provider)
                    is_whole = is_whole or is_done or events.says_finished(event)
                    yield self._answer.without_key(event)
                    if is_done:
                        return
        except events.EventTooLarge:
            raise faults.broken(provider) from None
        if not is_whole:
            raise faults.broken(provider)


def _breaks_off(event: bytes) -> bool:
    """True for an event that is something other than a chunk of an answer."""
    said = events.data(event)
    return events.is_error(event) or (bool(said.strip()) and not _is_answer(said))


def _is_answer(raw: bytes) -> bool:
    """True for a JSON object that is no error: an error's text may quote a part of the key."""
    try:
        said = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and not said.get("error")


def _unescaped(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[1].decode()) if escape[1] else escape[2]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
