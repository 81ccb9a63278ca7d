"""An instance's own key: ``Authorization: Bearer <its auth_api_key>``.

The instance is named by the request's ``model``, so that a single row is opened. A key that does
not fit is not refused here; the next way to sign in refuses it like any other credential.
"""

import hmac
import logging
import re
import secrets

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from instances.models import Instance
from polyant.authentication import bearer
from polyant.encryption.exceptions import DecryptionError
from polyant.parsers import TooLarge, require_length
from secrets_app.exceptions import MissingSecret
from secrets_app.models import InstanceSecret

KEY = "auth_api_key"
MAX_BYTES = 1 << 20
# The form of Auth.js's tokens, which are looked at next: JWE of five parts (RFC 7516), of which the
# first is a JSON object.
_AUTHJS = re.compile(r"eyJ[\w-]*(?:\.[\w-]*){4}", re.ASCII)
# Compared with where an instance has no key.
_NOBODYS_KEY = secrets.token_hex(32)

_log = logging.getLogger(__name__)


class KeyHolder:
    """A caller who has the key of an instance, and is not a user."""

    is_authenticated = True
    pk = None


class InstanceKeyAuthentication(BaseAuthentication):
    """``request.auth`` becomes the ``Instance``, for which alone the key is good."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, Instance] | None:
        text = bearer(request)
        if not text or _AUTHJS.fullmatch(text):
            return None
        _check_size(request)
        slug = request.data.get("model") if isinstance(request.data, dict) else None
        if not isinstance(slug, str):
            return None
        instance = Instance.objects.filter(slug=slug, auth_enabled=True).first()
        # Looked at also for an instance that there is not: else time tells which there are.
        fits = _fits(instance or Instance(slug=slug), text)
        return (KeyHolder(), instance) if instance and fits else None


def _check_size(request: Request) -> None:
    """Refuse a body that is large or of unknown length before it is parsed: anyone may send it."""
    require_length(request)
    size = request.META.get("CONTENT_LENGTH") or ""
    if size.isdecimal() and int(size) > MAX_BYTES:
        told = f"With an instance's own key the body may have at most {MAX_BYTES} bytes."
        raise TooLarge(f"{told} Send less, or use a token.")


def _fits(instance: Instance, text: str) -> bool:
    try:
        key = InstanceSecret.objects.reveal(instance, KEY)
    except MissingSecret:
        key = _NOBODYS_KEY
    except DecryptionError as error:
        # The caller may be anyone, and is told no more than for a wrong key.
        _log.warning("The key for callers of %s cannot be checked: %s", instance.slug, error)
        key = _NOBODYS_KEY
    return hmac.compare_digest(text.encode(), key.encode())
