"""The Settings tab as a browser uses it."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from instances.models import Instance
from secrets_app.models import InstanceSecret

Browse = Callable[[User], Client]
Values = dict[str, str]


def url_of(instance: Instance, step: str = "") -> str:
    return f"/admin/instances/instance/{instance.pk}/secrets/{step}"


def stored(instance: Instance) -> Values:
    keys = InstanceSecret.objects.filter(instance=instance).values_list("key", flat=True)
    return InstanceSecret.objects.reveal_many(instance, list(keys))


def put(instance: Instance, by: User | None, **values: str) -> None:
    InstanceSecret.objects.set_many(instance, values, by)


def send(client: Client, instance: Instance, seen: str | None = None, **fields: str) -> Any:
    """Post the form as a browser would that loaded it just now, or when ``seen`` was taken."""
    if seen is None:
        seen = seen_by(client, instance)
    data = {name.replace("__", "-"): value for name, value in fields.items()}
    return client.post(url_of(instance), {"seen": seen, **data})


def again(client: Client, instance: Instance, page: Any, **fields: str) -> Any:
    """Post the form of a page that came back, with what was entered before."""
    return send(client, instance, seen_in(page), draft=page.context["draft"], **fields)


def seen_by(client: Client, instance: Instance) -> str:
    return seen_in(client.get(url_of(instance)))


def seen_in(page: Any) -> str:
    return str(page.context["form"]["seen"].value())


def confirm(client: Client, instance: Instance, page: Any) -> Any:
    return client.post(url_of(instance, "confirm/"), {"draft": page.context["draft"]})
