"""Finds credentials among the members of a bundle that we only keep; they are refused.

It finds what is named like a credential, and keys of the forms below. This proves nothing: a
password in the middle of a prompt looks like any other word.
"""

import re
from collections.abc import Container, Iterator
from typing import Any

from rest_framework.serializers import ErrorDetail

from instances.bundles.known_names import KNOWN_NAMES

CREDENTIAL_FAULT = ErrorDetail(
    "A bundle holds no credentials: take this out, and set it after the import.", "credential"
)
# Sixteen letters and digits in a row, with a digit among them: `sk-learn-tutorial-2024` has none.
_RUN = r"(?=[A-Za-z]*+[0-9])[A-Za-z0-9]{16}"
_START = r"(?<![A-Za-z0-9])"
# Keys of providers: a prefix, which ends here, parts that say what it is for, and a random part.
_PROVIDER = rf"""
    (?<=[a-z2][-_])(?:
        (?<={_START}(?:sk|rk|hf)[-_]) | (?<={_START}(?:gsk|gh[a-z])[-_]) | (?<={_START}whsec[-_])
        | (?<={_START}(?:lsv2|tvly|xox[a-z]|xapp)[-_]) | (?<={_START}glpat[-_])
        | (?<={_START}github_pat[-_])
    )
    (?:[A-Za-z0-9]++[-_]){{0,8}}{_RUN}
"""
_SCHEME = rf"(?i:earer|asic)\s{{1,8}}+(?:[A-Za-z0-9]*+[.~+/=_-]){{0,8}}{_RUN}"
_PARAMETER = r"""
    (?i:(?:api|access|auth|secret)[_-]?(?:key|token)|token|client_secret|password|pwd)=
    (?=[^\s?&;"'<>{}0-9]*+[0-9])[^\s?&;"'<>{}]{8}
"""
# Possessive (`++`) or bounded patterns, and those that begin only where a run begins, keep the
# search linear.
# Each form begins with one character that is rare in prose, and checks what is in front of it by
# looking behind: `re` skips all other text by a table, seven times as fast.
_KEY = re.compile(
    rf"""
    -{_PROVIDER} | _{_PROVIDER} | -(?<={_START}glpat-)[\w-]{{20}}
    | A(?<={_START}A)(?:KIA|SIA)[A-Z0-9]{{16}}(?![A-Za-z0-9])              # Amazon
    | A(?<={_START}A)Iza[\w-]{{35}}                                        # Google
    | J(?<=(?<![\w-])eyJ)[\w-]++\.[\w-]*+\.[\w-]                           # JWT and JWE
    | _(?<={_START}ply_)[\w-]{{40}}                                        # our own
    | v(?<={_START}v)1\.[0-9a-f]{{16}}\.[\w-]{{38}}                        # our own
    | b(?<={_START}b){_SCHEME} | B(?<={_START}B){_SCHEME}
    | :(?<=\d{{6}}:)(?<!\d{{13}}:)[\w-]{{35}}(?![\w-])                     # Telegram's bots
    | -----BEGIN[ ](?:[A-Z0-9]{{1,20}}[ ]){{0,4}}PRIVATE[ ]KEY
    | ://[^\s/?\#@:]*+:(?!\{{\{{)[^\s/?\#@]++@                             # user:password@host
    | \?{_PARAMETER} | &{_PARAMETER} | ;{_PARAMETER}
    """,
    re.VERBOSE | re.ASCII,
)
# A name says at its end what it is: `botToken`, `OPENAI_API_KEY_2`, `client_secrets`. It is matched
# in lowercase and without separators.
_CREDENTIAL_NAME = re.compile(
    r"(?:token|secret|password|passphrase|passwd|pwd|bearer|credential|authorization|cookie|dsn"
    r"|connectionstring|(?:db|database|postgres|postgresql|mysql|mongo|mongodb|redis|amqp)ur[il]"
    r"|(?:api|access|private|signing|encryption|auth|account|service|master|shared|secret|ssh"
    r"|openai|anthropic|google|gemini|azure|aws|mistral|groq|openrouter|tavily|stripe)key)"
    r"s?(?:value)?\d{0,3}\Z"
)
_SEPARATORS = re.compile(r"[\W_]+")
# The engine replaces `{{path}}` when it needs the value.
_REFERENCES = re.compile(r"\s*+(?:(?i:bearer|basic|token)\s++)?(?:\{\{[^{}]*+\}\}\s*+)*+")
# Maps the names of a page's fields to the paths where the engine finds them: `caller.token`.
_PATHS = "webContextFieldMapping"
# An embedding has hundreds of thousands of numbers: a call for each would be wasted.
_MAY_HOLD_ONE = (str, list, dict)


def find_faults(
    data: Any, path: str = "", *, without: Container[str] = (), are_paths: bool = False
) -> Iterator[tuple[str, ErrorDetail]]:
    """The credentials, with their dotted paths: they must not be kept.

    In a path, an unknown name becomes ``*`` and its position in the object, from 1. The members
    ``without`` are left to others to check. Where the values ``are_paths``, their names mean
    nothing.
    """
    if isinstance(data, str):
        if is_key(data):
            yield path, CREDENTIAL_FAULT
    elif isinstance(data, list):
        for number, inner in _elements(data):
            yield from find_faults(inner, f"{path}.{number}")
    elif isinstance(data, dict):
        for step, name in _steps(data, without):
            where = f"{path}.{step}".lstrip(".")
            if is_key(name) or (_is_credential(data, name) and not are_paths):
                yield where, CREDENTIAL_FAULT
            else:
                yield from find_faults(data[name], where, are_paths=name == _PATHS)


def _elements(data: list[Any]) -> Iterator[tuple[int, Any]]:
    """The position and the element, for elements of a list that can hold a credential."""
    return ((at, inner) for at, inner in enumerate(data) if isinstance(inner, _MAY_HOLD_ONE))


def _steps(data: dict[str, Any], without: Container[str]) -> Iterator[tuple[str, str]]:
    """For each member of an object, what may be shown of its name, and the name."""
    for position, name in enumerate(data, 1):
        if name not in without:
            yield (name if name in KNOWN_NAMES else f"*{position}"), name


def is_key(text: str) -> bool:
    """True if a text contains a key of a known form."""
    return _KEY.search(text) is not None


def _is_credential(owner: dict[str, Any], name: str) -> bool:
    """True for a member that has a value and is named like a credential, or whose pair says so."""
    label = _label(owner, name)
    flat = (label if label.isalnum() else _SEPARATORS.sub("", label)).lower()
    # `maxTokens` is how many there are.
    is_amount = flat.endswith("tokens")
    return bool(_CREDENTIAL_NAME.search(flat)) and _has_value(owner[name], is_amount=is_amount)


def _label(owner: dict[str, Any], name: str) -> str:
    """A member's name; for the value of ``{"name": "Authorization", "value": …}``, the pair's."""
    label = owner.get("name", owner.get("key")) if name == "value" else name
    return label if isinstance(label, str) else name


def _has_value(data: Any, *, is_amount: bool) -> bool:
    if isinstance(data, str):
        return not (_REFERENCES.fullmatch(data) or (is_amount and data.isdecimal()))
    if isinstance(data, int | float) and not isinstance(data, bool):
        return not is_amount
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return any(_has_value(each, is_amount=is_amount) for each in inner)
