"""Asks an instance's provider for a completion.

Every query is done before the provider is asked: however long it takes to answer, no transaction
waits for it.
"""

import logging
from collections.abc import Mapping
from time import monotonic
from typing import Any

from django.conf import settings

from instances.models import Instance
from playground import upstream
from playground.answers import Answer
from playground.providers import PROVIDERS, Provider
from playground.slots import Slot
from playground.traces import Trace
from polyant.openai_errors import OpenAIError
from secrets_app.exceptions import MissingSecret
from secrets_app.models import InstanceSecret

_log = logging.getLogger(__name__)


def begin(instance: Instance, body: Mapping[str, Any], secrets_page: str = "") -> Answer:
    """Ask with OpenAI's request ``body``; the answer of a provider that agreed to give one.

    ``secrets_page`` is where a missing key can be set, for the message about it.

    Raises:
        OpenAIError: the instance lacks something, too many are under way here, or the provider
            refused or cannot be reached.
        DecryptionError: the key's row does not open.
    """
    provider = provider_of(instance)
    try:
        key = InstanceSecret.objects.reveal(instance, provider.key)
    except MissingSecret:
        raise missing_key(provider, secrets_page) from None
    trace, slot = Trace.begin(instance, body), Slot(instance)
    deadline = monotonic() + settings.ANSWER_SECONDS
    try:
        response = upstream.send(provider, key, {**body, "model": instance.model})
    except OpenAIError as error:
        _log.warning("No completion for %s: %s", instance.slug, error.code)
        trace.send(error.code)
        slot.close()
        raise
    return Answer(provider, key, response, trace, slot, deadline)


def provider_of(instance: Instance) -> Provider:
    """Who answers for an instance.

    Raises:
        OpenAIError: the instance is disabled, or has no provider or no model.
    """
    if instance.status != Instance.Status.ACTIVE:
        raise unknown_model(Disabled)
    provider = PROVIDERS.get(instance.provider or "")
    if provider is None or not instance.model:
        missing = "model" if provider else "provider"
        told = f"This instance has no {missing}; choose one in its settings."
        raise OpenAIError(400, f"missing_{missing}", told, param="model")
    return provider


class Disabled(OpenAIError):
    """For the caller of the API the same as ``unknown_model``; a page may say why."""


def unknown_model(kind: type[OpenAIError] = OpenAIError) -> OpenAIError:
    """No such instance, or not for this caller, or disabled: nobody can tell which."""
    told = "There is no such model: none of your active instances has this slug."
    return kind(404, "model_not_found", told, param="model")


def missing_key(provider: Provider, page: str) -> OpenAIError:
    """The error for a missing key. ``page``: where to set it; "" if a link is shown beside it."""
    told = f"Missing API key: {provider.key} is not set for this instance."
    return OpenAIError(400, "missing_api_key", f"{told} Set it at {page}" if page else told)
