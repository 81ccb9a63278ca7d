"""The Skill env tab as a browser uses it."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from instances.models import Instance
from secrets_app.models import InstanceSkillEnv
from secrets_app.skill_env_managers import EnvEntry

Browse = Callable[[User], Client]
OTHER_KEY = "2e" * 32


def url_of(instance: Instance, step: str = "search/") -> str:
    return f"/admin/instances/instance/{instance.pk}/skill-env/{step}"


def put(instance: Instance, by: Any = None, sensitive: Any = True, **values: str) -> None:
    entries = [EnvEntry(key, value, sensitive) for key, value in values.items()]
    InstanceSkillEnv.objects.set_many(instance, "search", entries, by)


def stored(instance: Instance) -> dict[str, str]:
    return InstanceSkillEnv.objects.reveal(instance, "search")


def sensitivity() -> dict[str, bool]:
    return dict(InstanceSkillEnv.objects.values_list("key", "sensitive"))


def opened(client: Client, instance: Instance) -> dict[str, str]:
    """What a browser would send back, untouched: hidden inputs, shown texts and ticks."""
    page = client.get(url_of(instance))
    assert 'value="None"' not in page.content.decode()
    form = page.context["form"]
    sent = {"seen": form["seen"].value()}
    for name in form.fields:
        if name.startswith("text-"):
            crlf = form[name].value().replace("\n", "\r\n")
            sent |= {name: crlf, form[name].html_initial_name: crlf}
        elif name.startswith("long-"):
            sent[name] = "True"
        elif name.startswith("new-"):
            sent[name] = "on" if name.endswith("-sensitive") else ""
    return sent


def send(client: Client, instance: Instance, sent: dict[str, str], **fields: str) -> Any:
    changed = {name.replace("__", "-"): value for name, value in fields.items()}
    return client.post(url_of(instance), {**sent, **changed})


def save(client: Client, instance: Instance, **fields: str) -> Any:
    return send(client, instance, opened(client, instance), **fields)


def confirm(client: Client, instance: Instance, page: Any) -> Any:
    draft = {"draft": page.context["draft"]}
    return client.post(url_of(instance, "search/confirm/"), draft)
