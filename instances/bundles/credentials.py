"""The net under what a bundle brings and we only keep: a credential in it is refused.

It finds what is named like a credential and what looks like one. It is no proof: a password in
the middle of a prompt looks like any other word.
"""

import re
from collections.abc import Iterator
from typing import Any

from rest_framework.serializers import ErrorDetail

from polyant.logs import CREDENTIAL

# Names are compared in small letters and without separators, wherever the word stands in them:
# `apiKeys`, "api-key ", `client_secret_`, `tokenValue`. A tokenizer and a secretary are neither.
_WORD = re.compile(
    r"(?:token(?!iz)|secret(?!ar)|password|passphrase|passwd|pwd|bearer|credential|authorization"
    r"|cookie|(?:api|access|private|signing|encryption|auth|account|service|master|shared|ssh"
    r"|openai|anthropic|claude|google|gemini|azure|aws|mistral|groq|openrouter|cohere|deepseek"
    r"|serp|tavily|langsmith|hubspot|stripe|twilio|sendgrid|slack|github)key(?!w))"
)
# The address of a database has its password in it.
_DATABASE = re.compile(
    r"(?:db|database|postgres|postgresql|mysql|mongo|mongodb|redis|amqp|broker)ur[il]"
    r"|connectionstring|dsn\Z"
)
# Members of OAuth's metadata and the like tell about a credential: `tokenEndpoint`.
_ABOUT = re.compile(
    r"(?:endpoint|ur[il]|supported|type|mode|method|name|server|expir(?:y|esat|esin))s?\Z"
)
# A number is a credential only under the plain word: `password`, not `maxTokens` or `tokenCount`.
_PLAIN = re.compile(rf"{_WORD.pattern}(?:(?<!token)s)?(?:value)?\Z")
_LONGEST_ENDING = 60
_SEPARATORS = re.compile(r"[\W_]+")
# What may be a key, with the scheme before it. Only its beginning is compared with the patterns of
# the log, which take quadratic time on megabytes without a space.
_CANDIDATE = re.compile(r"(?:(?i:bearer|basic)\s{1,8})?[\w.~+/=:-]{16,}")
_LONGEST_BEGINNING = 400
_SHORTEST_KEY = 16
# The public engine's hooks refer to a state by `{{path}}`; nothing is secret in that.
_REFERENCE = re.compile(r"\s*(\{\{[^{}]*\}\}\s*)?")
# Names of the public engine's bundles. Nothing repeats another, for it may be a misplaced value.
KNOWN_NAMES = frozenset({
    "actionConfig", "apiKey", "apiKeySecret", "args", "auth", "authServerInfo", "authorization",
    "botToken", "clientSecret", "config", "content", "debugEnabled", "definitions", "embeddingDim",
    "embeddingProvider", "eventSources", "headers", "hooks", "icon", "knowledgeEnabled",
    "langsmithProject", "manualTools", "mcpServers", "memoryEnabled", "optoutClosingMessage",
    "optoutEnabled", "optoutInjectPromptHint", "optoutResumeKeywords", "optoutResumeMessage",
    "optoutStopKeywords", "password", "prompt", "prompts", "provider", "room", "schedule",
    "scheduledTasks", "secret", "skills", "stateInPromptEnabled", "staticClient", "sttProvider",
    "temperature", "thinkingEnabled", "token", "toolResultsInHistoryEnabled", "webhookSecret",
})  # fmt: skip
CREDENTIAL_FAULT = ErrorDetail(
    "A bundle holds no credentials: take this out, and set it after the import.", "credential"
)


def find_faults(data: Any, path: str = "") -> Iterator[tuple[str, ErrorDetail]]:
    """The credentials, with their dotted paths: they must not be kept."""
    if isinstance(data, str):
        if _is_key(data):
            yield path, CREDENTIAL_FAULT
    elif isinstance(data, list):
        for number, inner in enumerate(data):
            yield from find_faults(inner, f"{path}.{number}")
    elif isinstance(data, dict):
        for name, inner in data.items():
            step = f"{path}.{_shown(name)}".lstrip(".")
            if _is_key(name) or _is_credential(name, inner):
                yield step, CREDENTIAL_FAULT
            else:
                yield from find_faults(inner, step)


def _is_key(text: str) -> bool:
    """True if a key of a known form stands in a text. "Basic rules" and `sk-SK` are none."""
    return any(
        len(key) >= _SHORTEST_KEY and any(map(str.isdigit, key))
        for candidate in _CANDIDATE.finditer(text)
        for found in CREDENTIAL.finditer(candidate[0][:_LONGEST_BEGINNING])
        for key in [found[0].split()[-1]]
    )


def _is_credential(name: str, value: Any) -> bool:
    flat = _flat(name)
    ending = flat[-_LONGEST_ENDING:]
    if _DATABASE.search(flat):
        return _has_value(value)
    if _ABOUT.search(ending) or not _WORD.search(flat):
        return False
    return _has_value(value, numbers=_PLAIN.search(ending) is not None)


def _flat(name: str) -> str:
    return _SEPARATORS.sub("", name).lower()


def _shown(name: str) -> str:
    if name in KNOWN_NAMES:
        return name
    # Only what is our own: the word by which it was found.
    flat = _flat(name)
    found = _DATABASE.search(flat) or _WORD.search(flat)
    return f"*{found[0]}" if found else "*"


def _has_value(data: Any, *, numbers: bool = False) -> bool:
    if isinstance(data, str):
        return not _REFERENCE.fullmatch(data)
    if isinstance(data, int | float) and not isinstance(data, bool):
        return numbers
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return any(_has_value(each, numbers=numbers) for each in inner)
