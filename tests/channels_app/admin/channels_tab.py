"""The Channels tab as a browser uses it."""

import re
from typing import Any

from django.test import Client

from channels_app.catalog import TELEGRAM
from channels_app.forms import ChannelForm
from channels_app.models import InstanceChannel
from instances.models import Instance

TOKEN = "1:MARKER"


def url_of(instance: Instance, step: str = "") -> str:
    return f"/admin/instances/instance/{instance.pk}/channels/{step}"


def opened(client: Client, instance: Instance, kind: str) -> dict[str, str]:
    """What a browser would send back from a channel's form, untouched."""
    return all_opened(client, instance)[kind]


def all_opened(client: Client, instance: Instance) -> dict[str, dict[str, str]]:
    """What a browser would send back from each form of the page, by the channel."""
    forms = client.get(url_of(instance)).context["forms"]
    return {form.kind.slug: sent_back(form) for form in forms}


def sent_back(form: ChannelForm) -> dict[str, str]:
    """What a browser would send back from a form as it is shown, untouched."""
    # The button of a channel that does not open is another one.
    sent = {"channel": form.kind.slug} | ({"replace": "1"} if form.problem else {})
    for field in form:
        value, shown = (
            field.value(),
            re.search('value="([^"]*)"', field.as_hidden(only_initial=True)),
        )
        if isinstance(value, str) or value is True:  # What is write-only has no value.
            sent[field.html_name] = str(value)
        if field.field.show_hidden_initial:
            sent[field.html_initial_name] = shown[1] if shown else ""
    return sent


def save(client: Client, instance: Instance, kind: str, **members: str) -> Any:
    fields = {f"{kind}-{name}": value for name, value in members.items()}
    return client.post(url_of(instance), {**opened(client, instance, kind), **fields})


def stored(instance: Instance) -> dict[str, str]:
    return InstanceChannel.objects.reveal(instance, TELEGRAM)
