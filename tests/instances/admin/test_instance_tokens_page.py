"""The tokens that name an instance, for those who decide who may touch it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from instances.models import AccessToken, Instance

Browse = Callable[[User], Client]
LIST = "/admin/instances/accesstoken/"
ADD = f"{LIST}add/"


def issue(user: User, *instances: Instance, label: str = "nightly", days: int = 30) -> AccessToken:
    issue = AccessToken.objects.issue
    return issue(user, timedelta(days=days), instances=instances or None, label=label)[1]


def tab_of(instance: Instance, token: AccessToken | None = None) -> str:
    step = f"{token.pk}/withdraw/" if token else ""
    return f"/admin/instances/instance/{instance.pk}/tokens/{step}"


@pytest.fixture
def client(browse: Browse, owner: User) -> Client:
    return browse(owner)


def test_an_instance_lists_the_tokens_that_name_it(
    client: Client, owner: User, viewer: User, instance: Instance, other_instance: Instance
) -> None:
    issue(viewer, instance, label="names-it")
    issue(viewer, other_instance, label="names-another")
    issue(owner, label="names-none")
    page = client.get(tab_of(instance)).content.decode()
    assert "names-it" in page
    assert "viewer" in page
    assert "names-another" not in page
    assert "names-none" not in page
    assert f"{ADD}?instance={instance.pk}" in page


@pytest.mark.parametrize("who", ["viewer", "editor"])
def test_the_tokens_of_an_instance_are_for_its_admins(
    browse: Browse, request: pytest.FixtureRequest, instance: Instance, owner: User, who: str
) -> None:
    token = issue(owner, instance)
    theirs = browse(request.getfixturevalue(who))
    assert theirs.get(tab_of(instance)).status_code == 403
    assert theirs.post(tab_of(instance, token)).status_code == 403
    assert AccessToken.objects.count() == 1


def test_withdrawing_ends_a_token_that_names_nothing_else(
    client: Client, viewer: User, instance: Instance
) -> None:
    token = issue(viewer, instance)
    page = client.get(tab_of(instance, token)).content.decode()
    assert "Withdraw the token “nightly” of viewer" in page
    assert AccessToken.objects.exists()
    assert client.post(tab_of(instance, token)).status_code == 302
    assert not AccessToken.objects.exists()
    words = LogEntry.objects.get().get_change_message()
    assert words == "Tokens: withdrew token “nightly” of viewer."
    assert client.post(tab_of(instance, token)).status_code == 302


def test_withdrawing_leaves_a_token_what_else_it_names(
    client: Client, superuser: User, instance: Instance, other_instance: Instance
) -> None:
    text, token = AccessToken.objects.issue(
        superuser, timedelta(days=1), instances=[instance, other_instance]
    )
    client.post(tab_of(instance, token))
    listed = (
        APIClient(HTTP_AUTHORIZATION=f"Bearer {text}").get("/api/instances").json()["instances"]
    )
    assert [each["slug"] for each in listed] == ["other-assistant"]


def test_an_admin_withdraws_nothing_that_does_not_name_the_instance(
    client: Client, viewer: User, instance: Instance, other_instance: Instance
) -> None:
    for token in (issue(viewer, other_instance), issue(viewer)):
        assert client.get(tab_of(instance, token)).status_code == 302
        assert client.post(tab_of(instance, token)).status_code == 302
    assert AccessToken.objects.count() == 2
