"""GET /api/instances/{slug}/tokens and DELETE …/tokens/{id}"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from instances.models import AccessToken, AuditEntry, Instance
from polyant.exceptions import Missing

URL = "/api/instances/my-assistant/tokens"
Issue = Callable[..., tuple[APIClient, AccessToken]]


@pytest.fixture
def client(client_of: Callable[..., APIClient], owner: User) -> APIClient:
    return client_of(owner)


@pytest.fixture
def issue(editor: User, instance: Instance, other_instance: Instance) -> Issue:
    """A token of the editor, limited to slugs, with the client that it signs in."""
    by_slug = {each.slug: each for each in (instance, other_instance)}

    def make(*slugs: str, label: str = "nightly", days: int = 1) -> tuple[APIClient, AccessToken]:
        instances = [by_slug[slug] for slug in slugs] if slugs else None
        lifetime = timedelta(days=days)
        text, token = AccessToken.objects.issue(editor, lifetime, instances=instances, label=label)
        return APIClient(HTTP_AUTHORIZATION=f"Bearer {text}"), token

    return make


def labels(client: APIClient) -> list[str]:
    return [each["label"] for each in client.get(URL).json()["tokens"]]


def withdrawn(instance: Instance, token: AccessToken, by: User) -> bool:
    """Whether it was this call that withdrew it."""
    with suppress(Missing):
        AccessToken.objects.withdraw(instance, token.pk, by)
        return True
    return False


def test_an_admin_sees_by_name_which_tokens_are_limited_to_the_instance(
    client: APIClient, issue: Issue
) -> None:
    _, token = issue("my-assistant")
    (listed,) = client.get(URL).json()["tokens"]
    assert list(listed) == ["id", "label", "username", "createdAt", "expiresAt"]
    assert (listed["id"], listed["label"], listed["username"]) == (
        str(token.pk), "nightly", "editor",
    )  # fmt: skip
    assert parse_datetime(listed["expiresAt"]) == token.expires_at


def test_the_newest_comes_first_and_no_other_token_comes(client: APIClient, issue: Issue) -> None:
    issue("my-assistant", label="old")
    issue("my-assistant", "other-assistant", label="new")
    issue("other-assistant", label="of another instance")
    issue(label="of every instance")
    assert labels(client) == ["new", "old"]
    issue("my-assistant", label="expired", days=-1)
    assert labels(client) == ["new", "old"]


def test_no_part_of_a_token_or_of_its_digest_is_in_the_answer(
    client: APIClient, editor: User, instance: Instance
) -> None:
    text, token = AccessToken.objects.issue(editor, timedelta(days=1), instances=[instance])
    answer = client.get(URL).content.decode()
    assert str(token.pk) in answer
    for part in (text[4:12], text[-8:], token.digest[:8], token.digest[-8:]):
        assert part not in answer


def test_a_withdrawn_token_ends_at_once_and_alone(client: APIClient, issue: Issue) -> None:
    theirs, token = issue("my-assistant")
    newer, _ = issue("my-assistant")
    assert theirs.get("/api/instances/my-assistant").status_code == 200
    response = client.delete(f"{URL}/{token.pk}")
    assert (response.status_code, response.json()) == (200, {"deleted": True})
    assert theirs.get("/api/instances/my-assistant").status_code == 401
    assert newer.get("/api/instances/my-assistant").status_code == 200
    assert not AccessToken.objects.filter(pk=token.pk).exists()


def test_one_that_names_another_instance_still_reaches_that(
    client: APIClient, issue: Issue, editor: User, other_instance: Instance
) -> None:
    other_instance.memberships.create(user=editor, role="viewer")
    theirs, token = issue("my-assistant", "other-assistant")
    assert client.delete(f"{URL}/{token.pk}").status_code == 200
    statuses = {
        slug: theirs.get(f"/api/instances/{slug}").status_code
        for slug in ("my-assistant", "other-assistant")
    }
    assert statuses == {"my-assistant": 404, "other-assistant": 200}


def test_who_withdrew_which_token_stands_in_the_audit_trail(
    client: APIClient, issue: Issue
) -> None:
    _, token = issue("my-assistant")
    client.delete(f"{URL}/{token.pk}")
    entry = AuditEntry.objects.latest("pk")
    assert (entry.actor, entry.action, entry.names) == (
        "owner", "token.withdrawn", ["token “nightly” of editor"],
    )  # fmt: skip


def test_what_is_not_limited_to_the_instance_is_not_there(client: APIClient, issue: Issue) -> None:
    _, gone = issue("my-assistant")
    client.delete(f"{URL}/{gone.pk}")
    _, elsewhere = issue("other-assistant")
    _, everywhere = issue()
    for pk in (gone.pk, elsewhere.pk, everywhere.pk, uuid4()):
        response = client.delete(f"{URL}/{pk}")
        assert response.status_code == 404
        assert response.json()["message"] == "No token of this id is limited to this instance."
    assert {elsewhere, everywhere} <= {*AccessToken.objects.all()}


def test_of_two_admins_at_once_one_withdraws_it(
    owner: User, issue: Issue, instance: Instance, together: Callable[..., list[Any]]
) -> None:
    _, token = issue("my-assistant", "other-assistant")
    done = together(*[lambda: withdrawn(instance, token, owner)] * 3, behind=instance)
    assert sorted(done) == [False, False, True]
    assert AuditEntry.objects.filter(action="token.withdrawn").count() == 1
    assert [each.slug for each in token.instances.all()] == ["other-assistant"]


def test_of_two_admins_of_two_instances_at_once_one_ends_it(
    owner: User,
    issue: Issue,
    instance: Instance,
    other_instance: Instance,
    together: Callable[..., list[Any]],
) -> None:
    _, token = issue("my-assistant", "other-assistant")
    together(
        lambda: withdrawn(instance, token, owner),
        behind=token,
        first=lambda: withdrawn(other_instance, token, owner),
    )
    assert not AccessToken.objects.exists()


def test_two_tokens_of_the_same_instances_do_not_stand_in_each_others_way(
    issue: Issue, instance: Instance, other_instance: Instance, together: Callable[..., list[Any]]
) -> None:
    lower, higher = sorted((instance, other_instance), key=lambda each: each.pk)
    together(
        lambda: issue(higher.slug, lower.slug),
        behind=lower,
        meanwhile=lambda: Instance.objects.lock(higher),
    )
    assert AccessToken.objects.get().instances.count() == 2


@pytest.mark.parametrize("slugs", [["my-assistant"], ["my-assistant", "other-assistant"]])
def test_a_withdrawal_and_the_end_of_the_owner_do_not_stand_in_each_others_way(
    owner: User,
    editor: User,
    issue: Issue,
    instance: Instance,
    together: Callable[..., list[Any]],
    slugs: list[str],
) -> None:
    _, token = issue(*slugs)
    together(lambda: withdrawn(instance, token, owner), editor.delete, behind=token)
    assert not AccessToken.objects.exists()
    assert not User.objects.filter(username="editor").exists()


def test_what_can_be_no_id_is_no_address(client: APIClient) -> None:
    for pk in ("1", "nightly", "x" * 36, "%00"):
        response = client.delete(f"{URL}/{pk}")
        assert response.status_code == 404, pk
        assert response["Content-Type"] == "application/json", pk


@pytest.mark.parametrize("who", ["viewer", "editor"])
def test_members_who_do_not_decide_neither_see_nor_withdraw_tokens(
    client_of: Callable[..., APIClient], issue: Issue, viewer: User, editor: User, who: str
) -> None:
    _, token = issue("my-assistant")
    client = client_of({"viewer": viewer, "editor": editor}[who])
    assert client.get(URL).status_code == 403
    assert client.delete(f"{URL}/{token.pk}").status_code == 403
    assert AccessToken.objects.filter(pk=token.pk, instances__slug="my-assistant").exists()


def test_an_outsider_is_told_what_is_told_of_no_instance(
    client_of: Callable[..., APIClient], issue: Issue, outsider: User
) -> None:
    _, token = issue("my-assistant")
    client: Any = client_of(outsider)
    for call, path in ((client.get, "tokens"), (client.delete, f"tokens/{token.pk}")):
        foreign = call(f"/api/instances/my-assistant/{path}")
        none = call(f"/api/instances/no-such/{path}")
        assert foreign.status_code == none.status_code == 404
        assert foreign.content == none.content
