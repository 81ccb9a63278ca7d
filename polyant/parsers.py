"""JSON as RFC 8259 means it, without what parsers differ on.

``json.loads`` alone takes duplicate members (the last one wins, elsewhere the first), NaN, lone
surrogates and any depth. With each of them, two programs may read one body differently.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from math import isfinite
from typing import IO, Any, NoReturn

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

MAX_DEPTH = 32
DEFAULT_MAX_BYTES = 1 << 20
# Millions of small values take gigabytes and minutes, though their text is only megabytes. A full
# batch, 64 values of 48 KiB, has three million quotes if the values consist of nothing else.
MAX_VALUES, MAX_QUOTES = 300_000, 4_000_000
# A string, also an unfinished one: a pattern that never fails to match never backtracks.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
# Neither database nor environment can hold a NUL; an unpaired surrogate has no UTF-8 form.
_UNUSABLE = re.compile("[\0\ud800-\udfff]")
# In valid UTF-8 and JSON, both can only be written as an escape.
_MAY_BE_UNUSABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_NESTED = (list, dict)
_CHECKED = (str, *_NESTED)


class TooLarge(APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = "The request body is too large."


class LengthRequired(APIException):
    status_code = HTTPStatus.LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = (
        "Send the body with its Content-Length; a body in chunks (Transfer-Encoding: chunked) is"
        " not read here."
    )


def require_length(request: Request) -> None:
    """Return unless the body comes in chunks, which Django would take for an empty body.

    Raises:
        LengthRequired: 411.
    """
    if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
        raise LengthRequired


class StrictJSONParser(BaseParser):
    """Parses a body of at most ``view.max_body_bytes`` bytes of UTF-8.

    Raises:
        TooLarge: 413. ParseError: 400, without any part of the body.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        view = (parser_context or {}).get("view")
        limit = getattr(view, "max_body_bytes", DEFAULT_MAX_BYTES)
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(f"The request body may have at most {limit} bytes.")
        return parse_json(raw)


def parse_json(raw: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ParseError: says what is wrong, without quoting the text.
    """
    _refuse_many(raw)
    try:
        data = json.loads(
            raw.decode(),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError:
        fault = "The body is not UTF-8."
    except json.JSONDecodeError as error:
        fault = f"The body is not valid JSON: see line {error.lineno}, column {error.colno}."
    except (RecursionError, ValueError):
        # Nested too deep for the interpreter, or a number too long for it.
        fault = "The body is not JSON that can be read here."
    else:
        _refuse_unusable(raw, data)
        return data
    # Raised outside `except`: inside, the original error, which holds the body, would become the
    # `__context__`.
    raise ParseError(fault)


def check_json(raw: bytes, data: Any) -> None:
    """The limits of ``parse_json(raw)``, for a ``raw`` that we wrote from ``data``.

    Raises:
        ParseError: ``parse_json`` would refuse it.
    """
    _refuse_many(raw)
    _refuse_unusable(raw, data)


def _refuse_many(raw: bytes) -> None:
    if len(raw) > MAX_VALUES and (raw.count(b'"') > MAX_QUOTES or _has_many_values(raw)):
        raise ParseError(f"The body has more than {MAX_VALUES:,} values.")


def _has_many_values(raw: bytes) -> bool:
    """Counts without making the values; leaves strings out only if there seem to be too many."""
    return _marks(raw) > MAX_VALUES and _marks(_STRING.sub(b"", raw)) > MAX_VALUES


def _marks(structure: bytes) -> int:
    """No fewer than the values inside lists and objects."""
    return sum(structure.count(mark) for mark in (b",", b"[", b"{"))


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) < len(members):
        raise ParseError("The body has an object with the same member twice.")
    return result


def _no_constant(_: str) -> NoReturn:
    raise ParseError("NaN and Infinity are not JSON.")


def _finite(text: str) -> float:
    # 1e999 is JSON, but becomes Infinity, which is not JSON when it is written again.
    number = float(text)
    return number if isfinite(number) else _no_constant(text)


def _refuse_unusable(raw: bytes, data: Any) -> None:
    if _is_deep(data):
        raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")
    # Look at the strings one by one only if one of them can be at fault.
    if _MAY_BE_UNUSABLE.search(raw) and any(map(_UNUSABLE.search, _texts(data))):
        raise ParseError("A string in the body has a NUL or an unpaired surrogate.")


def _is_deep(data: Any) -> bool:
    """Whether objects and lists are nested in more than ``MAX_DEPTH`` levels."""
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [each for outer in level for each in _values(outer) if isinstance(each, _NESTED)]
    return bool(level)


def _values(data: Any) -> Iterable[Any]:
    return data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()


def _texts(data: Any) -> Iterator[str]:
    """Every string in ``data``, names of members included."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        yield from data
    for value in _values(data):
        if isinstance(value, _CHECKED):
            yield from _texts(value)
