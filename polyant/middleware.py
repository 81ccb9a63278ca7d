"""The middleware that is ours, beside Django's."""

import re
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware as DjangoCommonMiddleware
from django.urls import reverse

from polyant.authentication import SAFE_METHODS

_SIGNED_OUT = "You were signed out; nothing was saved. Sign in, and enter it once more."
_HEALTH_CHECKS = {"/health", "/health/ready"}
_SESSION_KEY = re.compile(r"[a-z0-9]{32}")


class NoStoreMiddleware:
    """``Cache-Control: no-store`` on every answer of the API, errors included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.split("/")[1] in {"api", "v1"}:
            response["Cache-Control"] = "no-store"
        return response


class NulMiddleware:
    """400 for a NUL in an address of the admin: PostgreSQL's text cannot hold one, and would fail.

    The API's own views say which parameter has it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        has_nul = "\0" in request.path or "%00" in request.META.get("QUERY_STRING", "")
        if has_nul and request.path.startswith("/admin/"):
            raise BadRequest("a NUL in the address")
        return self.get_response(request)


class CommonMiddleware(DjangoCommonMiddleware):
    """Django's, which refuses a host that is not in ``ALLOWED_HOSTS``; a health check it answers.

    A load balancer asks for it by an address that nobody else uses, and it tells nothing of a host.
    """

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        if request.path_info in _HEALTH_CHECKS:
            return None
        return super().process_request(request)


class SignedOutMiddleware:
    """Says on the sign-in page that a form came after the session had ended, and was not saved."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_form = request.method not in SAFE_METHODS and _leads_to_sign_in(response)
        # The user comes last: reading it needs the database, and this may be the answer that the
        # database is away.
        if is_form and not request.user.is_authenticated:
            messages.warning(request, _SIGNED_OUT)
        return response


class SessionMiddleware(DjangoSessionMiddleware):
    """Django's middleware, for a cookie name that we share with Auth.js.

    An Auth.js token under that name is no session key of ours. Django would look it up, find
    nothing and delete the cookie, which signs the person out of the other application.
    """

    def process_request(self, request: HttpRequest) -> None:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        request.session = self.SessionStore(None if _is_foreign(request) else key)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if _is_foreign(request) and request.session.is_empty():
            return response
        return super().process_response(request, response)


def _leads_to_sign_in(response: HttpResponse) -> bool:
    return response.get("Location", "").startswith(reverse("admin:login"))


def _is_foreign(request: HttpRequest) -> bool:
    """True for a cookie that is no key of a session: an Auth.js token, or one of our API tokens."""
    cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return bool(cookie) and not _SESSION_KEY.fullmatch(cookie)
