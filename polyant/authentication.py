"""Signing in with a cookie: our session, or an Auth.js session token.

API tokens are tried first (``instances.authentication``), so that an anonymous request is told
``WWW-Authenticate: Bearer``. A browser also sends a cookie with requests that another site caused,
so unsafe requests are checked by origin. No browser adds a Bearer header by itself, so requests
with one are not checked.
"""

from collections.abc import Iterable, Iterator

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth.models import User
from joserfc import jwe, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from rest_framework import authentication, exceptions
from rest_framework.request import Request

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
AUTHJS_COOKIES = ("authjs.session-token", "__Secure-authjs.session-token")


def bearer(request: Request) -> str | None:
    """The credentials of an ``Authorization: Bearer`` header (RFC 6750), or None without one."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


def check_origin(request: Request) -> None:
    """Refuse an unsafe request that another site may have caused.

    Browsers send ``Sec-Fetch-Site`` (W3C Fetch Metadata) or ``Origin``; a client that sends
    neither is not a browser, and no page of another site can make it send a request.

    Raises:
        PermissionDenied: the request comes from another site.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        allowed = site in {"same-origin", "none"}
    else:
        allowed = origin is None or _is_ours(request, origin)
    if request.method not in SAFE_METHODS and not allowed:
        raise exceptions.PermissionDenied("A request from another site may not change anything.")


def _is_ours(request: Request, origin: str) -> bool:
    ours = f"{request.scheme}://{request.get_host()}"
    return origin == ours or origin in settings.CSRF_TRUSTED_ORIGINS


class SessionAuthentication(authentication.SessionAuthentication):
    """Django's session cookie, with the origin check in place of a CSRF token."""

    def enforce_csrf(self, request: Request) -> None:
        check_origin(request)


class AuthJsAuthentication(authentication.BaseAuthentication):
    """Session tokens of an Auth.js application that shares ``AUTH_SECRET`` with us.

    The token says, by e-mail address, who the person is, and nothing else: they may do what the
    user with that address may do here.
    """

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        token = bearer(request)
        if token is not None:
            user = _user(token, AUTHJS_COOKIES)
            if user is None:
                message = "The credentials are unknown or have expired."
                raise exceptions.AuthenticationFailed(message)
            return user, None
        # A stale cookie must hide neither a valid one nor a session of ours.
        users = (_user(cookie, [name]) for name, cookie in _cookies(request) if "." in cookie)
        user = next(filter(None, users), None)
        if user is None:
            return None
        check_origin(request)
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _cookies(request: Request) -> Iterator[tuple[str, str]]:
    """Auth.js cookies under each name; a long one comes in numbered pieces."""
    for name in AUTHJS_COOKIES:
        pieces = [request.COOKIES.get(f"{name}.{number}", "") for number in range(10)]
        if cookie := request.COOKIES.get(name) or "".join(pieces):
            yield name, cookie


def _user(token: str, salts: Iterable[str]) -> User | None:
    """The user of a valid token that was made for one of ``salts``."""
    emails = (_email(token, salt) for salt in salts) if settings.AUTH_SECRET else ()
    email = next(filter(None, emails), None)
    users = _active_users(email) if email else []
    # If two users share an address, to pick one of them would be a guess.
    return users[0] if len(users) == 1 else None


def _email(token: str, salt: str) -> str | None:
    """The e-mail address of a valid, unexpired token that was made for ``salt``; else None."""
    try:
        decoded = jwt.decode(token, _key(salt), registry=_REGISTRY)
        _CLAIMS.validate(decoded.claims)
        _EXPIRY.validate({"exp": decoded.claims["exp"]})
    except (JoseError, ValueError, TypeError, RecursionError):
        # Besides its own errors, joserfc lets through the ValueError and TypeError that a forged
        # header causes in its code, and a RecursionError for claims that are nested too deeply.
        return None
    email = decoded.claims.get("email")
    return email if isinstance(email, str) and email.isascii() and email.isprintable() else None


def _active_users(email: str) -> list[User]:
    """The active users of an address. What the database finds is compared once more.

    PostgreSQL upper-cases a dotless ı to I, and so would find the address of another person.
    """
    found = User.objects.filter(email__iexact=email, is_active=True)
    return [user for user in found if user.email.isascii() and user.email.lower() == email.lower()]


def _key(salt: str) -> OctKey:
    """Auth.js's derivation: HKDF (RFC 5869) with SHA-256 and the cookie's name as salt."""
    info = f"Auth.js Generated Encryption Key ({salt})".encode()
    derive = HKDF(algorithm=SHA256(), length=64, salt=salt.encode(), info=info)
    return OctKey.import_key(derive.derive(settings.AUTH_SECRET.encode()))


_REGISTRY = jwe.JWERegistry(algorithms=["dir", "A256CBC-HS512"])
# In seconds: the clock of the other application may be ahead of ours. Expiry has no such leeway.
_CLAIMS = jwt.JWTClaimsRegistry(leeway=15, exp={"essential": True}, email={"essential": True})
_EXPIRY = jwt.JWTClaimsRegistry()
