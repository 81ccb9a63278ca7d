"""How a view reads its request, and the answers outside the API's views."""

import re
import sys
from http import HTTPStatus
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import DisallowedHost, RequestDataTooBig, TooManyFieldsSent
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from polyant import database
from polyant.api import error_body
from polyant.authentication import AUTHJS_COOKIES, SAFE_METHODS
from polyant.openai_errors import openai_error
from polyant.parsers import require_length

_AXES_COLUMN = 255  # PostgreSQL refuses a longer text
_JSON_PATH = re.compile(r"/(?:api|v1|health)(?:/|$)")


def await_body(request: Request, limit: int) -> None:
    """Read the whole body, up to the limit, before it is decided who the caller is.

    The sender decides how long that takes. A caller who was let in first could be removed from the
    instance in that time, and would write all the same. Without credentials it does not wait, nor
    where no body is used.
    """
    if request.method not in {"POST", "PUT", "PATCH"}:
        return
    has_cookie = any(name.startswith(AUTHJS_COOKIES) for name in request.COOKIES)
    if ("Authorization" in request.headers or has_cookie) and request.stream is not None:
        request._stream = BytesIO(request.stream.read(limit + 1))


def read(kind: type[Serializer[Any]], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """The validated body.

    Raises:
        ValidationError: with the path of every fault.
        ParseError: it is empty, or not JSON.
        LengthRequired: it comes in chunks.
    """
    require_length(request)
    if request.stream is None:
        # DRF would take a body without a length for an empty object, too.
        raise ParseError("The body is empty; send JSON, with its Content-Length.")
    serializer = kind(data=request.data, partial=partial)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def read_query(kind: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The validated query string.

    Raises:
        ValidationError: with the path of every fault.
    """
    serializer = kind(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent):
        return _too_large(request, isinstance(exception, TooManyFieldsSent))
    message = "The request cannot be read; check the address and the headers."
    if isinstance(exception, DisallowedHost):
        message = "Nothing is served under this host name; the operator adds it to ALLOWED_HOSTS."
    return _answer(request, HTTPStatus.BAD_REQUEST, message)


def _too_large(request: HttpRequest, has_many_fields: bool) -> HttpResponse:
    """For Django's own limits on a form; the API's routes have theirs, which answer earlier."""
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if _is_api(request):
        return _json(request, status, "The request is too large.")
    most_fields = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS if has_many_fields else None
    context = {"title": "Too large", "most": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
    return _page(request, status, "too_large", most_fields=most_fields, **context)


def no_page(request: HttpRequest, **_: Any) -> HttpResponse:
    """404 for an address of Django's admin that means nothing here."""
    raise Http404


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = "Nothing is found at this address."
    return _answer(request, HTTPStatus.NOT_FOUND, message, "Look for it from the first page.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = "You may not do this, or not any more. Nothing was changed."
    remedy = "Ask an admin of this instance for the role that it takes."
    return _answer(request, HTTPStatus.FORBIDDEN, message, remedy)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that is older than the sign-in, or that another site sent."""
    message = "You have signed in again since this page was opened, so nothing was saved."
    remedy = "Go back, load the page anew, and enter it once more."
    return _answer(request, HTTPStatus.FORBIDDEN, message, remedy)


def _answer(
    request: HttpRequest, status: HTTPStatus, message: str, remedy: str = ""
) -> HttpResponse:
    """The route's error where a program asked, and a page where a person did."""
    if _is_api(request):
        return _json(request, status, message)
    title = "Refused" if status == HTTPStatus.FORBIDDEN else status.phrase.capitalize()
    return _page(request, status, "refused", message=message, remedy=remedy, title=title)


def server_error(request: HttpRequest) -> HttpResponse:
    """What Django calls for an error that no view expected: 500.

    503 if the database cannot be used now, 409 if another request was in the way.
    """
    error = sys.exception()
    if isinstance(error, Exception) and (fault := database.fault(error)):
        return _unavailable(request, fault)
    if isinstance(error, Exception) and database.is_race(error):
        message = "Somebody changed this at the same moment; nothing of yours was saved."
        remedy = "Go back, load the page anew, and enter it once more."
        return _answer(request, HTTPStatus.CONFLICT, message, remedy)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    message = "Something failed here; it is in the log. Nothing was half done; try again."
    return _failure(request, status, message)


def _unavailable(request: HttpRequest, fault: str) -> HttpResponse:
    status, message = HTTPStatus.SERVICE_UNAVAILABLE, f"The database {fault}; try again."
    remedy = "Load this page again in a moment."
    if request.method not in SAFE_METHODS:
        # Whoever goes back finds an empty form: a value is never shown again.
        remedy = (
            "Keep this page open and load it again in a moment: that sends once more what you"
            " entered. Until then, take it as not saved."
        )
    response = _failure(request, status, message, remedy)
    response["Retry-After"] = "1"
    return response


def _failure(
    request: HttpRequest, status: HTTPStatus, message: str, remedy: str = ""
) -> HttpResponse:
    if _is_api(request):
        return _json(request, status, message)
    context = {"title": status.phrase.capitalize(), "message": message, "remedy": remedy}
    return HttpResponse(render_to_string("500.html", context), status=status)


def attempted_username(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """For django-axes: whose password was tried, as far as its column takes it."""
    name = (credentials or {}).get("username") or request.POST.get("username", "")
    return str(name)[:_AXES_COLUMN]


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """django-axes' answer to too many wrong passwords, for the API and the admin alike."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    message = f"Too many wrong passwords for this user from here; try again in {minutes} minutes."
    remedy = "Whoever runs this can end it sooner, with manage.py axes_reset."
    response = _answer(request, HTTPStatus.TOO_MANY_REQUESTS, message, remedy)
    response["Retry-After"] = str(minutes * 60)
    return response


def _is_api(request: HttpRequest) -> bool:
    """Whether a program asked, by the path."""
    return _JSON_PATH.match(request.path) is not None


def _json(request: HttpRequest, status: HTTPStatus, message: str) -> JsonResponse:
    """The route's error shape."""
    shape = openai_error if request.path.startswith("/v1") else error_body
    return JsonResponse(shape(status, message), status=status)


def _page(request: HttpRequest, status: HTTPStatus, name: str, **context: Any) -> HttpResponse:
    context |= {"site_header": admin.site.site_header, "site_title": admin.site.site_title}
    page = TemplateResponse(request, f"admin/{name}.html", context, status=status)
    return page.render()
