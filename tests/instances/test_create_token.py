"""`manage.py create_token`."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from instances.models import AccessToken, Instance


def create_token(*arguments: str) -> str:
    output = StringIO()
    call_command("create_token", *arguments, stdout=output)
    return output.getvalue()


def sign_in(token: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def test_prints_a_token_and_nothing_else(editor: User) -> None:
    output = create_token("editor")
    assert output.startswith("ply_")
    assert output.split() == [output.rstrip("\n")]
    assert sign_in(output.strip()).get("/api/instances").status_code == 200


def test_a_token_that_cannot_be_shown_is_not_made(editor: User) -> None:
    with pytest.raises(OSError, match="No space"), Path("/dev/full").open("w") as full:
        call_command("create_token", "editor", stdout=full)
    assert not AccessToken.objects.exists()


def test_stores_no_token(editor: User, raw_rows: Callable[[str], list[dict[str, Any]]]) -> None:
    token = create_token("editor").strip()
    assert token.removeprefix("ply_") not in str(raw_rows("access_tokens"))


@pytest.mark.parametrize(
    ("arguments", "lifetime"),
    [((), settings.TOKEN_LIFETIME), (("--days", "2"), timedelta(days=2))],
    ids=["by default", "in days"],
)
def test_expires(editor: User, arguments: tuple[str, ...], lifetime: timedelta) -> None:
    create_token("editor", *arguments)
    left = AccessToken.objects.get().expires_at - timezone.now()
    assert lifetime - timedelta(minutes=1) < left <= lifetime


@pytest.mark.parametrize(
    "line",
    [
        "root --instance my-assistant --instance third",
        "--instance my-assistant --instance third root",
        "--instance=my-assistant root --days 2 --instance third",
        "root --instance my-assistant third",
        "root --instance my-assistant third --days 2",
    ],
)
def test_may_be_limited_to_instances(
    superuser: User, instance: Instance, other_instance: Instance, line: str
) -> None:
    third = Instance.objects.create(slug="third", name="Third")
    client = sign_in(create_token(*line.split()).strip())
    assert client.get(f"/api/instances/{instance.slug}").status_code == 200
    assert client.get(f"/api/instances/{third.slug}").status_code == 200
    assert client.get(f"/api/instances/{other_instance.slug}").status_code == 404


def test_may_be_limited_to_one_instance_in_front_of_the_name(editor: User) -> None:
    create_token("--instance", "my-assistant", "editor")
    token = AccessToken.objects.get()
    assert (token.user, [each.slug for each in token.instances.all()]) == (editor, ["my-assistant"])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("nobody",), "'nobody'"),
        (("gone",), "'gone'"),
        (("editor", "--instance", "my-assistant", "no-such"), "'no-such'"),
        (("editor", "--instance", "my-assistant", "other-assistant"), "no member of 'other-assis"),
        (("editor", "--instance", "other-assistant"), "Make that a member first"),
        ((), "required: username$"),
        (("--instance", "my-assistant"), "required: username$"),
        (("editor", "--instance"), "--instance"),
        (("editor", "--days", "0"), "--days"),
        (("editor", "--days", "99999999999"), "--days"),
        (("editor", "--days", "soon"), "--days"),
    ],
)
@pytest.mark.usefixtures("other_instance")
def test_names_what_is_wrong(
    editor: User, make_user: Callable[..., User], arguments: tuple[str, ...], named: str
) -> None:
    make_user("gone", is_active=False)
    with pytest.raises(CommandError, match=named):
        create_token(*arguments)
    assert not AccessToken.objects.exists()


def test_an_odd_name_is_told_as_it_is(make_user: Callable[..., User], instance: Instance) -> None:
    make_user("{odd}")
    with pytest.raises(CommandError, match=r"'\{odd\}' is no member of 'my-assistant'"):
        create_token("{odd}", "--instance", "my-assistant")
