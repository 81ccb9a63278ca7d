"""The API's one error shape, and how every refusal becomes it.

``{"statusCode", "error", "message", "errors"?: [{"path", "code", "message"}]}``
"""

import logging
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from polyant import database
from polyant.encryption.exceptions import DecryptionError
from polyant.exceptions import Conflict, Invalid, Missing, Refusal

logger = logging.getLogger(__name__)

MAX_FAULTS = 1000

# DRF's own words for these codes quote the input, or name our classes.
_PLAIN_WORDS = {
    "not_a_list": "This must be a list.",
    "not_a_dict": "This must be a JSON object.",
    "not_authenticated": "Sign in, or send an Authorization: Bearer header.",
    "method_not_allowed": "This method is not allowed here; OPTIONS lists those that are.",
    "unsupported_media_type": "Send JSON, with the header Content-Type: application/json.",
}
_DOMAIN = {
    Missing: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    DecryptionError: HTTPStatus.CONFLICT,
}


class _Unavailable(exceptions.APIException):
    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    wait = 1  # becomes the header Retry-After


def error_body(status: int, message: str, errors: Sequence[dict[str, str]] = ()) -> dict[str, Any]:
    """The body of every error answer."""
    body = {"statusCode": int(status), "error": HTTPStatus(status).phrase, "message": message}
    return {**body, "errors": list(errors)} if errors else body


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's ``EXCEPTION_HANDLER``. None lets Django answer 500, through ``urls.handler500``."""
    known = _from_domain(error)
    response = exception_handler(known, context)
    if response is not None:
        errors = faults(known) if isinstance(known, exceptions.ValidationError) else []
        message = _summary(errors) if errors else _words(known)
        response.data = error_body(response.status_code, message, errors)
    return response


def _from_domain(error: Exception) -> Exception:
    """An error of the domain or the database as an ``APIException``; any other as it is."""
    if isinstance(error, Invalid):
        detail: Any = exceptions.ErrorDetail(error.message, error.code)
        for name in reversed(error.path.split(".")):
            detail = {name: detail if isinstance(detail, dict) else [detail]}
        return exceptions.ValidationError(detail)
    for kind, status in _DOMAIN.items():
        if isinstance(error, kind):
            return _answer(status, error.message if isinstance(error, Refusal) else str(error))
    if database.is_race(error):
        message = "Another request changed this in the meantime; read it again."
        return _answer(HTTPStatus.CONFLICT, message)
    if fault := database.fault(error):
        # Only the log has the reason: it may name a host, a file or a user.
        logger.error("The database %s: %s", fault, database.reason(error))
        return _Unavailable(f"The database {fault}; try again.")
    return error


def _answer(status: int, message: str) -> exceptions.APIException:
    answer = exceptions.APIException(message)
    answer.status_code = status
    return answer


def _words(error: Exception) -> str:
    if isinstance(error, exceptions.APIException):
        codes = error.get_codes()
        return _PLAIN_WORDS.get(str(codes), str(error.detail))
    # DRF answers two exceptions of Django's as well: PermissionDenied and Http404.
    if isinstance(error, PermissionDenied):
        return "You may not do this."
    return "Nothing is found at this address."


def faults(error: exceptions.ValidationError) -> list[dict[str, str]]:
    """The first ``MAX_FAULTS`` faults, each as ``{"path", "code", "message"}``."""
    return [
        {
            "path": path,
            "code": str(detail.code),
            "message": _PLAIN_WORDS.get(str(detail.code), str(detail)),
        }
        for path, detail in islice(_flatten(error.detail, ""), MAX_FAULTS)
    ]


def _flatten(detail: Any, path: str) -> Iterator[tuple[str, exceptions.ErrorDetail]]:
    """Every error in DRF's nested lists and dicts with its dotted path, as in ``secrets.3.key``."""
    if isinstance(detail, exceptions.ErrorDetail):
        yield path, detail
    elif isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else str(name)
            yield from _flatten(inner, ".".join(filter(None, (path, step))))
    else:
        for number, inner in enumerate(detail):
            nested = isinstance(inner, dict)
            yield from _flatten(inner, f"{path}.{number}".strip(".") if nested else path)


def _summary(errors: Sequence[dict[str, str]]) -> str:
    first = errors[0]
    where = f"{first['path']}: " if first["path"] else ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{where}{first['message']}{more}"
