"""What the tests of `run_with_secrets` share."""

from collections.abc import Collection
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from instances.models import Instance
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from secrets_app.skill_env_managers import EnvEntry

MARKER = "MARKER-5c1e"


def put(instance: Instance, **values: str) -> None:
    InstanceSecret.objects.set_many(instance, values, None)


def put_env(instance: Instance, skill: str = "search", **values: str) -> None:
    entries = [EnvEntry(key, value) for key, value in values.items()]
    InstanceSkillEnv.objects.set_many(instance, skill, entries, None)


def check(*options: str) -> list[str]:
    """What `--check` says would be set: the names."""
    output = StringIO()
    call_command("run_with_secrets", "my-assistant", *options, "--check", stdout=output)
    assert MARKER not in output.getvalue()
    return [line.split()[0] for line in output.getvalue().splitlines()]


def refused(*options: str, slug: str = "my-assistant", program: Collection[str] = ("x",)) -> str:
    """Why nothing is started; with a program that does not exist, should that come to pass."""
    with pytest.raises(CommandError) as caught:
        call_command("run_with_secrets", slug, *options, program=program, stdout=StringIO())
    assert caught.value.returncode == 125
    assert MARKER not in str(caught.value)
    return str(caught.value)
