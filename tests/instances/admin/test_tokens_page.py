"""A person's tokens, and those of an instance: the text of one is shown once and kept nowhere."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from instances.models import AccessToken, Instance

Browse = Callable[[User], Client]
LIST = "/admin/instances/accesstoken/"
ADD = f"{LIST}add/"


def make(client: Client, **fields: Any) -> Any:
    return client.post(ADD, {"label": "nightly", "days": "30", "reach": "all", **fields})


def text_in(response: Any) -> str:
    """The new token on a page, "" if there is none."""
    found = re.search(r"ply_[\w-]+", response.content.decode())
    return found[0] if found else ""


def sign_in(text: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")


def issue(user: User, *instances: Instance, label: str = "nightly", days: int = 30) -> AccessToken:
    issue = AccessToken.objects.issue
    return issue(user, timedelta(days=days), instances=instances or None, label=label)[1]


def tab_of(instance: Instance, token: AccessToken | None = None) -> str:
    step = f"{token.pk}/withdraw/" if token else ""
    return f"/admin/instances/instance/{instance.pk}/tokens/{step}"


@pytest.fixture
def client(browse: Browse, owner: User) -> Client:
    return browse(owner)


def test_a_new_token_signs_in_and_lives_as_long_as_was_asked(
    client: Client, instance: Instance
) -> None:
    text = text_in(make(client, days="3"))
    listed = sign_in(text).get("/api/instances").json()["instances"]
    assert [each["slug"] for each in listed] == ["my-assistant"]
    token = AccessToken.objects.get()
    assert (token.user.username, token.label, token.is_limited) == ("owner", "nightly", False)
    assert abs(token.expires_at - timezone.now() - timedelta(days=3)) < timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_an_instance_that_goes_meanwhile_is_told_on_the_form(
    client: Client, owner: User, instance: Instance, together: Callable[..., list[Any]]
) -> None:
    (response,) = together(
        lambda: make(client, reach="limited", instances=[instance.pk]),
        behind=instance,
        meanwhile=lambda: Instance.objects.remove(instance, owner),
    )
    assert response.status_code == 200
    assert "does not exist any more" in response.content.decode()
    assert not text_in(response)


def test_it_comes_with_a_line_to_try_it_that_does_not_repeat_it(
    client: Client, instance: Instance
) -> None:
    page = make(client, reach="limited", instances=[instance.pk]).content.decode()
    assert page.count("ply_") == 1
    assert (
        "curl -s http://testserver/api/instances/my-assistant/secrets"
        " -H &quot;Authorization: Bearer $TOKEN&quot;"
    ) in page.replace('"Authorization: Bearer $TOKEN"', "&quot;Authorization: Bearer $TOKEN&quot;")


def test_the_answer_is_the_only_place_that_ever_has_it(
    client: Client, raw_rows: Callable[[str], list[dict[str, Any]]]
) -> None:
    response = make(client)
    text = text_in(response)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    kept = str(response.cookies) + str(client.cookies) + str(client.session.items())
    kept += "".join(str(raw_rows(each)) for each in ("access_tokens", "django_admin_log"))
    kept += "".join(str(each.get_decoded()) for each in Session.objects.all())
    for path in (LIST, ADD, "/admin/"):
        kept += client.get(path).content.decode()
    assert len(text) > 40
    assert text not in kept
    assert text.removeprefix("ply_")[:8] not in kept
    assert LogEntry.objects.get().object_repr == "token “nightly” of owner"


def test_sending_a_form_again_replaces_its_token_and_another_form_makes_another(
    client: Client, instance: Instance
) -> None:
    form, other = (client.get(ADD).context["form"]["form"].value() for _ in range(2))
    first, second = (text_in(make(client, form=form)) for _ in range(2))
    assert [sign_in(text).get("/api/instances").status_code for text in (first, second)] == [
        401,
        200,
    ]
    make(client, form=other)
    assert AccessToken.objects.count() == 2


def test_a_form_that_two_people_send_makes_a_token_for_each(
    browse: Browse, client: Client, viewer: User
) -> None:
    for each in (client, browse(viewer)):
        assert text_in(make(each, form="x"))
    assert AccessToken.objects.count() == 2


def test_a_limited_token_reaches_what_was_ticked(
    browse: Browse, superuser: User, instance: Instance, other_instance: Instance
) -> None:
    theirs = sign_in(text_in(make(browse(superuser), reach="limited", instances=[instance.pk])))
    assert theirs.get("/api/instances/my-assistant").status_code == 200
    assert theirs.get("/api/instances/other-assistant").status_code == 404


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"label": ""}, "This field is required."),
    ({"label": "x" * 101}, "at most 100 characters"),
    ({"label": "ghp_16C7e42F292c6912E7710c838347Ae178B4a"}, "looks like a credential"),
    ({"days": ""}, "This field is required."),
    ({"days": "MARKER"}, "Enter a number of days."),
    ({"days": "0"}, "At least one day."),
    ({"days": "-1"}, "At least one day."),
    ({"days": "3651"}, "At most 3650 days."),
    ({"days": "9" * 30}, "At most 3650 days."),
    ({"reach": ""}, "This field is required."),
    ({"reach": "MARKER"}, "Choose one of the two."),
    ({"reach": "limited"}, "Tick the instances that it may use."),
    ({"reach": "limited", "instances": ["MARKER"]}, "One of them does not exist any more"),
    ({"reach": "limited", "instances": ["\0"]}, "One of them does not exist any more"),
]


def test_what_is_wrong_is_said_at_its_field_and_no_token_is_made(
    client: Client, instance: Instance
) -> None:
    for fields, words in WRONG:
        response = make(client, **fields)
        page = response.content.decode()
        assert response.status_code == 200, fields
        assert "No token was made." in page, fields
        assert words in page, fields
        assert "MARKER" not in page, fields
        assert not AccessToken.objects.exists(), fields


def test_each_error_links_to_a_place_on_the_page(client: Client, instance: Instance) -> None:
    page = make(client, label="", days="", reach="limited").content.decode()
    places = re.findall('<li><a href="#([^"]*)"', page)
    assert places == ["label", "days", "instances"]
    assert all(f'id="{place}"' in page for place in places)


def test_ticks_without_the_limit_are_a_contradiction(client: Client, instance: Instance) -> None:
    page = make(client, reach="all", instances=[instance.pk]).content.decode()
    assert "decide for one of the two" in page
    assert not AccessToken.objects.exists()


def test_a_foreign_instance_is_neither_offered_nor_taken(
    client: Client, instance: Instance, other_instance: Instance
) -> None:
    page = client.get(f"{ADD}?instance={other_instance.pk}").content.decode()
    assert "my-assistant" in page
    assert "other-assistant" not in page
    page = make(client, reach="limited", instances=[other_instance.pk]).content.decode()
    assert "One of them does not exist any more, or is not yours to use." in page
    assert not AccessToken.objects.exists()


def test_of_many_instances_the_first_are_offered_and_the_wanted_one_is_in_front(
    browse: Browse, superuser: User, instance: Instance
) -> None:
    Instance.objects.bulk_create(Instance(slug=f"bot-{n:03}", name="Bot") for n in range(150))
    client = browse(superuser)
    page = client.get(f"{ADD}?instance={instance.pk}").content.decode()
    assert page.count('name="instances"') == 100
    assert page.index("my-assistant") < page.index("bot-000")
    assert "The first 100 by name." in page
    last = Instance.objects.get(slug="bot-149")
    make(client, reach="limited", instances=[last.pk])
    assert [*AccessToken.objects.get().instances.all()] == [last]


def test_an_odd_address_ticks_nothing(client: Client, instance: Instance) -> None:
    for wanted in ("", "x", "00000000-0000-4000-8000-000000000000"):
        page = client.get(f"{ADD}?instance={wanted}").content.decode()
        assert 'name="reach"' in page, repr(wanted)
        assert not re.search(r'name="instances"[^>]*checked', page), repr(wanted)


def test_the_list_says_what_each_is_for_and_never_its_text(
    client: Client, owner: User, instance: Instance
) -> None:
    issue(owner, instance, label="one")
    issue(owner, label="everywhere")
    AccessToken.objects.filter(label="one").update(expires_at=timezone.now())
    page = client.get(LIST).content.decode()
    for words in ("one", "my-assistant", ", is over", "everywhere", "whatever its owner may"):
        assert words in page
    for token in AccessToken.objects.all():
        assert token.digest not in page


def test_a_token_of_many_instances_names_the_first(client: Client, owner: User) -> None:
    many = [Instance.objects.establish(owner, slug=f"bot-{n}", name="Bot") for n in range(5)]
    issue(owner, *many)
    assert "bot-0, bot-1, bot-2 and 2 more" in client.get(LIST).content.decode()


def test_a_person_finds_own_tokens_and_a_superuser_all(
    browse: Browse, client: Client, owner: User, viewer: User, superuser: User
) -> None:
    for user in (owner, viewer):
        issue(user, label=f"of-{user.username}")
    page = client.get(LIST).content.decode()
    assert "of-owner" in page
    assert "of-viewer" not in page
    page = browse(superuser).get(LIST).content.decode()
    assert '<td class="field-user nowrap">viewer</td>' in page
    assert "of-owner" in page


def test_ending_asks_first_and_then_counts_at_once(client: Client, owner: User) -> None:
    text = text_in(make(client))
    url = f"{LIST}{AccessToken.objects.get().pk}/delete/"
    assert "End the token “nightly” of owner?" in client.get(url).content.decode()
    assert sign_in(text).get("/api/instances").status_code == 200
    assert client.post(url, {"post": "yes"}).status_code == 302
    assert sign_in(text).get("/api/instances").status_code == 401
    assert client.post(url, {"post": "yes"}).status_code == 404


def test_nobody_ends_or_sees_a_token_of_another(
    browse: Browse, client: Client, viewer: User, superuser: User
) -> None:
    token = issue(viewer)
    url = f"{LIST}{token.pk}/delete/"
    assert client.get(url).status_code == client.post(url, {"post": "yes"}).status_code == 404
    assert "or it is not yours" in client.get(f"{LIST}{token.pk}/history/").content.decode()
    assert "nightly" not in client.get(LIST).content.decode()
    assert AccessToken.objects.count() == 1
    browse(superuser).post(url, {"post": "yes"})
    assert not AccessToken.objects.exists()


def test_nothing_of_a_token_is_changed(client: Client, owner: User) -> None:
    url = f"{LIST}{issue(owner).pk}/change/"
    for response in (client.get(url), client.post(url, {"label": "x", "user": "1"})):
        assert (response.status_code, response["Location"]) == (302, LIST)
    assert AccessToken.objects.get().label == "nightly"


def test_a_page_takes_at_most_ten_queries_however_many_tokens_and_instances(
    client: Client, owner: User, instance: Instance,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    for number in range(12):
        other = Instance.objects.establish(owner, slug=f"bot-{number}", name="Bot")
        token = issue(owner, instance, other)
    pages = [LIST, ADD, f"{LIST}{token.pk}/delete/", tab_of(instance), tab_of(instance, token)]
    for page in pages:
        with django_assert_max_num_queries(10, info=page):
            assert client.get(page).status_code == 200, page
