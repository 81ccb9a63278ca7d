"""OpenAI's error shape, for everything under ``/v1``: ``{"error": {message, type, code, param}}``.

What is refused, and with which status, is decided in one place for every route (``polyant.api``);
here it is only put into the form that OpenAI's clients expect.
"""

from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.response import Response

from polyant import api
from polyant.encryption.exceptions import DecryptionError

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
# DRF's codes for which OpenAI has another name.
_CODES = {"not_authenticated": "invalid_api_key", "authentication_failed": "invalid_api_key"}


class OpenAIError(APIException):
    """A refusal with a ``code`` for programs and the request's member it is about, if any."""

    def __init__(
        self, status: int, code: str, message: str, *, param: str = "", retry_after: int = 0
    ) -> None:
        super().__init__(message, code)
        self.status_code = int(status)
        self.code, self.message, self.param = code, message, param
        self.wait = retry_after  # becomes the header Retry-After


def openai_error(status: int, message: str, code: str = "", param: str = "") -> dict[str, Any]:
    """The body of every error answer under ``/v1``."""
    default = "server_error" if status >= 500 else "invalid_request_error"
    kind = _TYPES.get(status, default)
    error = {"message": message, "type": kind, "code": code or None, "param": param or None}
    return {"error": error}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """The exception handler of the views under ``/v1``."""
    response = api.handle(error, context)
    if response is not None:
        fault = next(iter(response.data.get("errors", ())), None)
        code = fault["code"] if fault else _code(error)
        param = fault["path"] if fault else getattr(error, "param", "")
        message = response.data["message"]
        response.data = openai_error(response.status_code, message, code, param)
    return response


def _code(error: Exception) -> str:
    if isinstance(error, DecryptionError):
        return "unreadable_secret"
    codes = error.get_codes() if isinstance(error, APIException) else ""
    return _CODES.get(codes, codes) if isinstance(codes, str) else ""
