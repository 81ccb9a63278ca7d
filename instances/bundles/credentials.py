"""The net under what a bundle brings and we only keep: a credential in it is refused.

It finds what is named like a credential, and keys of the forms below. It is no proof: a password
in the middle of a prompt looks like any other word.
"""

import re
from collections.abc import Container, Iterator
from typing import Any

from rest_framework.serializers import ErrorDetail

from instances.bundles.known_names import KNOWN_NAMES

CREDENTIAL_FAULT = ErrorDetail(
    "A bundle holds no credentials: take this out, and set it after the import.", "credential"
)
# Sixteen letters and digits in a row, one of them a digit: no row of `sk-learn-tutorial-2024`.
_RUN = r"(?=[A-Za-z]*+[0-9])[A-Za-z0-9]{16}"
# What is possessive (`++`) or bounded, or begins only where a run begins, is not tried again from
# every letter: the time grows with the length of a text, not with its square.
_KEY = re.compile(
    rf"""
    (?<![A-Za-z0-9])(?:
        # providers: a prefix, parts that say what it is for, and one that is random
        (?:sk|rk|gsk|hf|whsec|lsv2|tvly|gh[a-z]|github_pat|glpat|xox[a-z]|xapp)[-_]
        (?:[A-Za-z0-9]++[-_]){{0,8}}{_RUN}
        | glpat-[\w-]{{20}}
        | A(?:KIA|SIA)[A-Z0-9]{{16}}(?![A-Za-z0-9])          # Amazon
        | AIza[\w-]{{35}}                                    # Google
        | (?<![\w-])eyJ[\w-]++\.[\w-]*+\.[\w-]              # JWT and JWE
        | ply_[\w-]{{40}} | v1\.[0-9a-f]{{16}}\.[\w-]{{38}}   # our own
        | (?i:bearer|basic)\s{{1,8}}+(?:[A-Za-z0-9]*+[.~+/=_-]){{0,8}}{_RUN}
    )
    | (?<!\d)\d{{6,12}}:[\w-]{{35}}(?![\w-])                # Telegram's bots
    | -----BEGIN[ ](?:[A-Z0-9]{{1,20}}[ ]){{0,4}}PRIVATE[ ]KEY
    | ://[^\s/?\#@:]*+:(?!\{{\{{)[^\s/?\#@]++@               # user:password@host
    | [?&;](?i:(?:api|access|auth|secret)[_-]?(?:key|token)|token|client_secret|password|pwd)=
      (?=[^\s?&;"'<>{{}}0-9]*+[0-9])[^\s?&;"'<>{{}}]{{8}}
    """,
    re.VERBOSE | re.ASCII,
)
# A name says at its end what it is: `botToken`, `OPENAI_API_KEY_2`, `client_secrets`. It is looked
# at in small letters and without separators.
_CREDENTIAL_NAME = re.compile(
    r"(?:token|secret|password|passphrase|passwd|pwd|bearer|credential|authorization|cookie|dsn"
    r"|connectionstring|(?:db|database|postgres|postgresql|mysql|mongo|mongodb|redis|amqp)ur[il]"
    r"|(?:api|access|private|signing|encryption|auth|account|service|master|shared|secret|ssh"
    r"|openai|anthropic|google|gemini|azure|aws|mistral|groq|openrouter|tavily|stripe)key)"
    r"s?(?:value)?\d{0,3}\Z"
)
_SEPARATORS = re.compile(r"[\W_]+")
# The engine puts something in the place of `{{path}}` when it needs it.
_REFERENCES = re.compile(r"\s*+(?:(?i:bearer|basic|token)\s++)?(?:\{\{[^{}]*+\}\}\s*+)*+")
# From the names of a page's fields to the paths that the engine finds them at: `caller.token`.
_PATHS = "webContextFieldMapping"


def find_faults(
    data: Any, path: str = "", *, without: Container[str] = (), are_paths: bool = False
) -> Iterator[tuple[str, ErrorDetail]]:
    """The credentials, with their dotted paths: they must not be kept.

    A name that is not known stands in a path as ``*`` and its position in the object, from 1.
    Members ``without`` are somebody else's to look at. Where the values ``are_paths``, their names
    mean nothing.
    """
    if isinstance(data, str):
        if is_key(data):
            yield path, CREDENTIAL_FAULT
    elif isinstance(data, list):
        for number, inner in enumerate(data):
            yield from find_faults(inner, f"{path}.{number}")
    elif isinstance(data, dict):
        for step, name in _steps(data, without):
            where = f"{path}.{step}".lstrip(".")
            if is_key(name) or (_is_credential(data, name) and not are_paths):
                yield where, CREDENTIAL_FAULT
            else:
                yield from find_faults(data[name], where, are_paths=name == _PATHS)


def _steps(data: dict[str, Any], without: Container[str]) -> Iterator[tuple[str, str]]:
    """The names of an object's members, each behind what may be shown of it."""
    for position, name in enumerate(data, 1):
        if name not in without:
            yield (name if name in KNOWN_NAMES else f"*{position}"), name


def is_key(text: str) -> bool:
    """True if a key of a known form stands in a text."""
    return _KEY.search(text) is not None


def _is_credential(owner: dict[str, Any], name: str) -> bool:
    """True for a member that has a value and is named like a credential, or whose pair says so."""
    flat = _SEPARATORS.sub("", _label(owner, name)).lower()
    # `maxTokens` is how many there are.
    is_amount = flat.endswith("tokens")
    return bool(_CREDENTIAL_NAME.search(flat)) and _has_value(owner[name], is_amount=is_amount)


def _label(owner: dict[str, Any], name: str) -> str:
    """What a member is called; of ``{"name": "Authorization", "value": …}``, what the pair is."""
    label = owner.get("name", owner.get("key")) if name == "value" else name
    return label if isinstance(label, str) else name


def _has_value(data: Any, *, is_amount: bool) -> bool:
    if isinstance(data, str):
        return not (_REFERENCES.fullmatch(data) or (is_amount and data.isdecimal()))
    if isinstance(data, int | float) and not isinstance(data, bool):
        return not is_amount
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return any(_has_value(each, is_amount=is_amount) for each in inner)
