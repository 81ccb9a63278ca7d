"""What somebody else did between a page and its form, or while the form waited."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from instances.models import AuditEntry, Instance, Membership
from instances.roles import Role
from secrets_app.models import InstanceSecret
from tests.secrets_app.admin.secrets_tab import seen_by, send, url_of

Browse = Callable[[User], Client]
Together = Callable[..., list[Any]]


def page_of(instance: Instance, name: str) -> str:
    return f"/admin/instances/instance/{instance.pk}/{name}/"


def test_of_two_deletions_at_one_moment_the_second_finds_it_gone(
    browse: Browse, owner: User, superuser: User, instance: Instance, together: Together
) -> None:
    clients = [browse(owner), browse(superuser)]
    url = page_of(instance, "delete")
    answers = together(
        *(lambda client=client: client.post(url, {"post": "yes"}) for client in clients),
        behind=instance,
    )
    assert sorted(answer.status_code for answer in answers) == [302, 404]
    assert not Instance.objects.exists()


def test_two_users_of_one_name_at_one_moment_are_one_and_a_conflict(
    browse: Browse, superuser: User, together: Together
) -> None:
    form = {"username": "ada", "usable_password": "false", "password1": "", "password2": ""}
    clients = [browse(superuser), browse(superuser)]
    for client in clients:
        client.raise_request_exception = False
    answers = together(
        *(lambda client=client: client.post("/admin/auth/user/add/", form) for client in clients)
    )
    assert User.objects.filter(username="ada").count() == 1
    # The second may also come late enough to be told by the form.
    (refused,) = [answer for answer in answers if answer.status_code != 302]
    assert refused.status_code in {200, 409}


def test_a_form_of_somebody_whose_account_is_deleted_meanwhile_is_a_conflict(
    browse: Browse, editor: User, instance: Instance, together: Together
) -> None:
    client = browse(editor)
    client.raise_request_exception = False
    seen = seen_by(client, instance)
    (answer,) = together(
        lambda: send(client, instance, seen, key__openai_api_key="MARKER"),
        behind=instance,
        meanwhile=User.objects.filter(pk=editor.pk).delete,
    )
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody changed this at the same moment; nothing of yours was saved." in page
    assert "MARKER" not in page
    assert not InstanceSecret.objects.exists()


def test_an_admin_who_is_removed_meanwhile_lets_nobody_in(
    browse: Browse, owner: User, viewer: User, make_user: Callable[..., User],
    instance: Instance, together: Together,
) -> None:  # fmt: skip
    second = make_user("second")
    Membership.objects.create(user=second, instance=instance, role=Role.ADMIN)
    client, form = browse(second), {"username": "viewer", "role": "admin", "seen": "viewer"}
    (answer,) = together(
        lambda: client.post(page_of(instance, "members"), form),
        behind=instance,
        meanwhile=lambda: Membership.objects.remove(instance, "second", owner),
    )
    assert answer.status_code == 403
    assert Membership.objects.get(user=viewer).role == Role.VIEWER
    assert [each.names for each in AuditEntry.objects.order_by("pk")] == [["second"]]


def test_a_superuser_who_is_deactivated_meanwhile_lets_nobody_in(
    browse: Browse, superuser: User, viewer: User, instance: Instance, together: Together
) -> None:
    client, form = browse(superuser), {"username": "viewer", "role": "admin", "seen": "viewer"}
    (answer,) = together(
        lambda: client.post(page_of(instance, "members"), form),
        behind=instance,
        meanwhile=lambda: User.objects.filter(pk=superuser.pk).update(is_active=False),
    )
    assert answer.status_code == 403
    assert Membership.objects.get(user=viewer).role == Role.VIEWER


def test_what_was_saved_before_a_membership_ended_is_not_said_to_be_lost(
    browse: Browse, owner: User, editor: User, instance: Instance
) -> None:
    client = browse(editor)
    saved = send(client, instance, key__openai_api_key="x")
    Membership.objects.remove(instance, "editor", owner)
    page = client.get(saved["Location"])
    assert page.status_code == 404
    assert "Nothing that you typed was stored" not in page.content.decode()
    page = client.post(url_of(instance), {"seen": "{}"})
    assert page.status_code == 404
    assert "Nothing that you typed was stored" in page.content.decode()
