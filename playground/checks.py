"""System checks: the addresses that an instance's keys are sent to."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

ADDRESSES = ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "LANGSMITH_ENDPOINT")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def check_addresses(**_: Any) -> list[checks.CheckMessage]:
    """E001: an address cannot be used. W002: keys would travel unencrypted.

    No message quotes the address: a wrong one may have credentials in it.
    """
    return [message for name in ADDRESSES for message in _check(name, getattr(settings, name))]


def _check(name: str, address: str) -> list[checks.CheckMessage]:
    fault = _fault(address)
    if fault:
        hint = "Give scheme, host and path (https://gateway.example.com/v1), or leave it unset."
        return [checks.Error(f"{name} {fault}.", hint=hint, id="playground.E001")]
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        told = f"{name} is not https: keys are sent to it where everybody on the way can read them."
        return [checks.Warning(told, id="playground.W002")]
    return []


def _fault(address: str) -> str:
    """Why an address cannot be used; "" if it can."""
    if not (address.isascii() and address.isprintable()) or " " in address:
        return "has characters that no address has"
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return "is not an address"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "is not an http or https address"
    if parts.username is not None or parts.query or parts.fragment:
        return "has a user, a query or a fragment"
    return ""
