"""Server-sent events (WHATWG HTML, 9.2), told apart without being read."""

import json
import re
from collections.abc import Iterable, Iterator

from playground.pauses import PAUSE
from polyant.openai_errors import OpenAIError, openai_error

MAX_EVENT_BYTES = 1 << 20
DONE = b"[DONE]"
# An SSE comment: clients ignore it, but writing it shows whether one is there.
COMMENT = b": \n\n"

_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LINE_END = re.compile(rb"\r\n|\n|\r")
# A quote inside a JSON string has a backslash before it, so that no text of a model matches.
_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"')


class EventTooLarge(Exception):
    """More than ``MAX_EVENT_BYTES`` without a blank line."""


def split(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Whole events, each with its blank line, byte for byte. A part of one at the end is left out.

    A pause becomes a comment of ours.

    Raises:
        EventTooLarge: an event does not end.
    """
    rest = b""
    for piece in pieces:
        if piece == PAUSE:
            yield COMMENT
            continue
        # A blank line may have begun with the last three bytes.
        seen = max(0, len(rest) - 3)
        rest += piece
        while blank := _BLANK_LINE.search(rest, seen):
            yield rest[: blank.end()]
            rest, seen = rest[blank.end() :], 0
        if len(rest) > MAX_EVENT_BYTES:
            raise EventTooLarge


def data(event: bytes) -> bytes:
    """What an event says: its ``data`` lines."""
    return b"\n".join(_field(event, b"data:"))


def is_error(event: bytes) -> bool:
    """True for an event of the kind ``error``, whatever it says."""
    return b"error" in _field(event, b"event:")


def is_done(event: bytes) -> bool:
    """True for the event with which OpenAI ends a stream."""
    return data(event).strip() == DONE


def says_finished(event: bytes) -> bool:
    """True for a chunk in which a choice has its ``finish_reason``."""
    return _FINISHED.search(event) is not None


def error_event(error: OpenAIError) -> bytes:
    """The last event of a stream that failed: OpenAI's clients raise what it says."""
    body = openai_error(error.status_code, error.message, error.code)
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def _field(event: bytes, name: bytes) -> list[bytes]:
    lines = _LINE_END.split(event)
    said = (line.removeprefix(name) for line in lines if line.startswith(name))
    return [line.removeprefix(b" ") for line in said]
