"""What the admin refuses, in words, and what an odd address gets."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from instances.models import AccessToken, Instance, Membership
from instances.roles import Role

Browse = Callable[[User], Client]
LIST = "/admin/instances/instance/"


def test_what_a_role_does_not_allow_is_refused_in_words(
    browse: Browse, viewer: User, instance: Instance
) -> None:
    response = browse(viewer).post(f"{LIST}{instance.pk}/secrets/", {"seen": "{}"})
    assert response.status_code == 403
    assert "You may not do this, or not any more" in response.content.decode()


def test_the_address_that_a_start_prints_leads_to_the_admin(client: Client) -> None:
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, "/admin/")


@pytest.mark.parametrize(("path", "status"), [("nope/", 404), ("?x=%00", 400)])
def test_what_is_not_there_or_cannot_be_read_has_a_page(
    browse: Browse, superuser: User, path: str, status: int
) -> None:
    response = browse(superuser).get(f"/admin/{path}")
    assert response.status_code == status
    page = response.content.decode()
    assert 'href="/admin/">To the first page</a>' in page
    assert "| Polyant secrets</title>" in page


def test_a_form_from_before_the_last_sign_in_is_refused_in_words(
    superuser: User, instance: Instance
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(superuser, "django.contrib.auth.backends.ModelBackend")
    response = client.post(f"{LIST}{instance.pk}/secrets/", {"key-openai_api_key": "MARKER"})
    page = response.content.decode()
    assert response.status_code == 403
    assert "nothing was saved" in page
    assert "MARKER" not in page
    assert "style=" not in page


def test_after_too_many_wrong_passwords_a_page_says_how_long_to_wait(superuser: User) -> None:
    client, wrong = Client(), {"username": "root", "password": "MARKER"}
    for _ in range(5):
        response = client.post("/admin/login/", wrong)
    page = response.content.decode()
    assert (response.status_code, response["Retry-After"]) == (429, "900")
    assert "for this user from here; try again in 15 minutes." in page
    assert "manage.py axes_reset" in page
    assert "| Polyant secrets</title>" in page
    assert "MARKER" not in page
    assert client.post("/admin/login/", {**wrong, "password": "root"}).status_code == 429


@pytest.mark.usefixtures("db")
def test_a_file_that_was_pasted_as_a_username_is_no_failure() -> None:
    response = Client().post("/admin/login/", {"username": "MARKER" * 50, "password": "x"})
    assert response.status_code == 200


@pytest.mark.parametrize("lookup", ["status__range=a", "provider__range=a,b,c", "status__in=a"])
def test_a_list_is_asked_only_what_its_filters_ask(
    browse: Browse, superuser: User, lookup: str
) -> None:
    client = browse(superuser)
    assert client.get(f"{LIST}?status__exact=active").status_code == 200
    assert client.get(f"{LIST}?{lookup}").status_code == 400


def test_a_form_that_comes_after_the_session_ended_is_said_to_be_lost(instance: Instance) -> None:
    path, words = f"{LIST}{instance.pk}/secrets/", "You were signed out; nothing was saved."
    client = Client()
    page = client.post(path, {"key-openai_api_key": "MARKER"}, follow=True)
    assert page.redirect_chain == [(f"/admin/login/?next={path}", 302)]
    assert words in page.content.decode()
    assert "MARKER" not in page.content.decode()
    assert words not in client.get(path, follow=True).content.decode()


def test_an_instance_that_is_deleted_twice_is_told_in_words(
    browse: Browse, superuser: User, instance: Instance
) -> None:
    client = browse(superuser)
    for words, status in (("was deleted successfully", 200), ("somebody deleted it", 404)):
        response = client.post(f"{LIST}{instance.pk}/delete/", {"post": "yes"}, follow=True)
        assert response.status_code == status
        assert words in response.content.decode()


def test_a_deletion_does_not_claim_the_tokens_that_outlive_it(
    browse: Browse, superuser: User, furnished: Instance
) -> None:
    AccessToken.objects.issue(superuser, timedelta(days=1), instances=[furnished])
    page = browse(superuser).get(f"{LIST}{furnished.pk}/delete/")
    assert "access tokens" not in page.context["model_count"]
    assert dict(page.context["model_count"])["members"] == 3
    words = "Delete My assistant with its 3 members, 1 secret, 1 variable and 1 channel?"
    assert words in page.content.decode()
    assert ">Delete My assistant</button>" in page.content.decode()


def test_the_history_is_for_those_who_may_read_the_audit_trail(
    browse: Browse, owner: User, editor: User, viewer: User, instance: Instance
) -> None:
    for user, status in ((viewer, 403), (editor, 403), (owner, 200)):
        client = browse(user)
        assert client.get(f"{LIST}{instance.pk}/history/").status_code == status, user
        page = client.get(f"{LIST}{instance.pk}/change/").content.decode()
        assert "historylink" not in page, user
        assert (">Audit trail</a>" in page) is (status == 200), user


def test_the_history_names_settings_only(
    browse: Browse, superuser: User, instance: Instance
) -> None:
    client = browse(superuser)
    form: Any = client.get(f"{LIST}{instance.pk}/change/").context["adminform"].form
    sent = {field.html_initial_name: field.value() or "" for field in form}
    sent |= {"name": "Renamed", "status": "active"}
    assert client.post(f"{LIST}{instance.pk}/change/", sent).status_code == 302
    assert LogEntry.objects.get().get_change_message() == "Changed Name."


@pytest.mark.parametrize("url", [LIST, "/admin/instances/accesstoken/", "/admin/auth/user/"])
def test_a_made_up_filter_is_a_bad_request_or_none(
    browse: Browse, superuser: User, instance: Instance, url: str
) -> None:
    client = browse(superuser)
    queries = (
        "name__regex=(((", "secrets__value__startswith=v1", "description=%00", "label=%00",
        "label__regex=(((", "email__regex=(((", "user=" + "9" * 30, "q=" + "a+" * 1500,
    )  # fmt: skip
    for query in queries:
        assert client.get(f"{url}?{query}").status_code in (200, 302, 400), query


def test_no_pattern_of_an_address_is_tried_on_a_row(browse: Browse, superuser: User) -> None:
    """One that takes for ever would hold a worker, and needs no more than a sign-in."""
    client = browse(superuser)
    AccessToken.objects.issue(superuser, timedelta(days=1), label="a" * 30 + "!")
    for url in ("/admin/instances/accesstoken/?label", "/admin/auth/user/?username"):
        for lookup in ("regex", "iregex"):
            assert client.get(f"{url}__{lookup}=^(a*)*$").status_code == 400


def test_there_is_no_way_to_a_page_on_another_site(
    browse: Browse, superuser: User, instance: Instance
) -> None:
    kind = ContentType.objects.get_for_model(Instance)
    for row in (instance.pk, "abc", ""):
        assert browse(superuser).get(f"/admin/r/{kind.pk}/{row}/").status_code == 404, row


def test_a_name_that_is_a_credential_does_not_come_back(
    browse: Browse, superuser: User, instance: Instance
) -> None:
    client, pasted = browse(superuser), "sk-proj-a1b2c3d4e5f6a7b8c9"
    for path, form in (
        ("/admin/instances/accesstoken/add/", {"label": pasted, "days": "3", "reach": "all"}),
        (f"{LIST}add/", {"slug": pasted, "name": "New", "status": "active"}),
    ):
        page = client.post(path, form).content.decode()
        assert "looks like a credential" in page, path
        assert pasted not in page, path


def test_a_token_that_ended_with_a_password_is_listed_as_that(browse: Browse, owner: User) -> None:
    AccessToken.objects.issue(owner, timedelta(days=3), ends_with_password=True)
    for is_over in (False, True):
        page = browse(owner).get("/admin/instances/accesstoken/").content.decode()
        assert ("ended with the password" in page) is is_over
        owner.set_password("another")


def test_a_nul_in_an_address_is_a_bad_request(
    browse: Browse, superuser: User, instance: Instance
) -> None:
    client = browse(superuser)
    for page in ("members/%00/remove/", "channels/%00/disconnect/", "skill-env/%00/", "%00/"):
        path = f"{LIST}{instance.pk}/{page}"
        assert client.get(path).status_code == client.post(path).status_code == 400, page


def test_a_member_with_an_odd_name_is_listed_and_removed(
    browse: Browse, superuser: User, make_user: Callable[..., User], instance: Instance
) -> None:
    odd = make_user("ops/eu x")
    Membership.objects.create(instance=instance, user=odd, role=Role.VIEWER)
    client = browse(superuser)
    page = client.get(f"{LIST}{instance.pk}/members/").content.decode()
    assert "/members/ops/eu%20x/remove/" in page
    client.post(f"{LIST}{instance.pk}/members/ops/eu%20x/remove/")
    assert not Membership.objects.exists()
