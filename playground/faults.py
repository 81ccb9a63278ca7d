"""What a provider's failures are called here.

The words are ours. Those of a provider may quote the request, and the key with it. So only the
status of its error is passed on, and its code and the member that it complains about if these are
names of OpenAI's own: a caller may send a member of any name.
"""

import json
from collections.abc import Container
from time import time
from typing import Any

import httpx2
from django.utils.http import parse_http_date_safe

from playground.providers import Provider
from polyant.openai_errors import OpenAIError

MAX_RETRY_AFTER = 86_400

# By the provider's status: ours, our code, and the words. A refused key is not the caller's fault
# (401) but the instance's, and trying again does not help (5xx): 400, as for a missing one.
_REFUSALS = {
    400: (400, "provider_refused_request", "{label} finds the request wrong."),
    401: (400, "provider_refused_key", "{label} refuses the key; set {key} of this instance anew."),
    402: (400, "provider_without_credit", "{label} says that the account of {key} has no credit."),
    403: (400, "provider_forbids", "{label} forbids this to the key in {key} of this instance."),
    404: (400, "provider_model_not_found", "{label} has no such model for the key in {key}."),
    408: (504, "provider_timeout", "{label} did not answer in time; try again."),
    413: (413, "request_too_large", "{label} finds the request too large."),
    429: (429, "rate_limit_exceeded", "{label} is asked too often, or the quota is used up."),
    503: (503, "provider_overloaded", "{label} is overloaded; try again later."),
    529: (503, "provider_overloaded", "{label} is overloaded; try again later."),
}
_OTHER_4XX = _REFUSALS[400]
_OTHER = (502, "provider_failed", "{label} failed; try again.")

_KNOWN_CODES = {
    "content_policy_violation", "context_length_exceeded", "insufficient_quota",
    "invalid_type", "invalid_value", "missing_required_parameter", "model_not_found",
    "rate_limit_exceeded", "unknown_parameter", "unsupported_parameter", "unsupported_value",
}  # fmt: skip
# https://platform.openai.com/docs/api-reference/chat/create
_KNOWN_PARAMS = {
    "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs",
    "max_completion_tokens", "max_tokens", "messages", "metadata", "modalities", "model", "n",
    "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key",
    "prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier", "seed",
    "service_tier", "stop", "store", "stream", "stream_options", "temperature", "tool_choice",
    "tools", "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
}  # fmt: skip


def refusal(provider: Provider, response: httpx2.Response, raw: bytes) -> OpenAIError:
    """What an error answer becomes. ``raw`` is its body."""
    status = response.status_code
    ours, code, words = _REFUSALS.get(status, _OTHER_4XX if 400 <= status < 500 else _OTHER)
    message = words.format(label=provider.label, key=provider.key)
    named = _named(raw)
    if ours < 500 and (theirs := _known(named.get("code"), _KNOWN_CODES)):
        code, message = theirs, f"{message} It says: {theirs}."
    if param := _known(named.get("param"), _KNOWN_PARAMS):
        message = f"{message} It is about {param}."
    wait = 0
    if ours in (429, 503):  # a second, if the provider names no time
        wait = _retry_after(response.headers.get("Retry-After", "")) or 1
    return OpenAIError(ours, code, message, param=param, retry_after=wait)


def _known(name: Any, names: Container[str]) -> str:
    """A name that OpenAI uses itself; "" for any other, which may be the caller's own text."""
    return name if isinstance(name, str) and name in names else ""


def failure(provider: Provider, error: Exception) -> OpenAIError:
    """What a conversation that broke off becomes."""
    if isinstance(error, httpx2.PoolTimeout):
        return OpenAIError(503, "too_busy", "Too many completions at once here; try again.")
    if isinstance(error, httpx2.TimeoutException):
        return late(provider)
    if isinstance(error, httpx2.ConnectError):
        return OpenAIError(502, "provider_unreachable", f"{provider.label} cannot be reached.")
    return broken(provider)


def late(provider: Provider) -> OpenAIError:
    """An answer that takes too long."""
    return OpenAIError(504, "provider_timeout", f"{provider.label} did not answer in time.")


def broken(provider: Provider) -> OpenAIError:
    """An answer that ended early, or is not what was asked for."""
    told = f"{provider.label} broke off, or did not answer as it should; try again."
    return OpenAIError(502, "provider_broke_off", told)


def _named(raw: bytes) -> dict[str, Any]:
    """The ``error`` of a provider's error body; {} if it is not in OpenAI's shape."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    error = data.get("error") if isinstance(data, dict) else None
    return error if isinstance(error, dict) else {}


def _retry_after(text: str) -> int:
    """Seconds, of a header that has seconds or a date (RFC 9110); 0 if it has neither."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        seconds = int(text)
    else:
        seconds = int((parse_http_date_safe(text) or 0) - time())
    return max(0, min(seconds, MAX_RETRY_AFTER))
