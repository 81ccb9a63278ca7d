"""API tokens: ``Authorization: Bearer ply_…``, or in the place of the session cookie.

The second is for the guide's curl lines, which send a cookie: with a token in ``$TOKEN`` they work
as they are printed.
"""

from django.conf import settings
from django.contrib.auth.models import User
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from instances.managers import TOKEN_PREFIX
from instances.models import AccessToken
from polyant.authentication import bearer, check_origin


class TokenAuthentication(authentication.BaseAuthentication):
    """``request.auth`` becomes the ``AccessToken``. Ignores other Bearer credentials."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        text = bearer(request)
        if text is None:
            text = _cookie(request)
        if not text.startswith(TOKEN_PREFIX):
            return None
        token = AccessToken.objects.authenticate(text)
        if token is None:
            raise exceptions.AuthenticationFailed("The token is unknown or has expired.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _cookie(request: Request) -> str:
    """A token in the session cookie. Like every cookie, it may travel with another site's request.

    Raises:
        PermissionDenied: an unsafe request that another site may have caused.
    """
    text = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    if text.startswith(TOKEN_PREFIX):
        check_origin(request)
    return text
