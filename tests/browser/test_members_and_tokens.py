"""Letting people in and out, and making a token that nobody sees a second time."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect
from rest_framework.test import APIClient

from instances.models import AccessToken, Instance, Membership
from tests.browser import MARKER, assert_no_marker, press


def roles() -> dict[str, str]:
    return dict(Membership.objects.values_list("user__username", "role"))


def test_add_change_refuse_and_remove_a_member(
    page: Page, instance: Instance, make_user: Callable[..., User]
) -> None:
    make_user("ada")
    press(page, page.get_by_role("link", name="Members"))
    page.get_by_label("Username").fill(MARKER)
    press(page, "Add member")
    expect(page.get_by_text("No active user has this name.")).to_be_visible()
    assert_no_marker(page)
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Admin", exact=False).check()
    press(page, "Add member")
    expect(page.get_by_text("ada is admin now.")).to_be_visible()
    page.get_by_label("Role of ada").select_option("viewer")
    press(page, "Change the role of ada")
    expect(page.get_by_text("This is the last admin")).to_be_visible()
    press(page, page.get_by_role("link", name="Remove ada"))
    press(page, "Remove ada")
    expect(page.get_by_text("ada is still a member. This is the last admin")).to_be_visible()
    Membership.objects.create(
        instance=instance, user=User.objects.get(username="root"), role="admin"
    )
    press(page, page.get_by_role("link", name="Remove ada"))
    press(page, "Remove ada")
    expect(page.get_by_text("ada is no longer a member.")).to_be_visible()
    assert roles() == {"root": "admin"}


def test_a_new_token_works_and_is_nowhere_once_its_page_is_left(
    page: Page, instance: Instance, caplog: pytest.LogCaptureFixture
) -> None:
    press(page, page.get_by_role("link", name="Tokens", exact=True))
    press(page, page.get_by_role("link", name="Make a token for this instance"))
    expect(page.get_by_label("my-assistant")).to_be_checked()
    press(page, "Make the token")
    expect(page.get_by_text("No token was made.")).to_be_visible()
    expect(page.get_by_label("my-assistant")).to_be_checked()
    page.get_by_label("What it is for").fill("nightly")
    press(page, "Make the token")
    text = page.get_by_label("The new token").inner_text()
    assert re.fullmatch(r"ply_[\w-]{43}", text)
    assert text not in page.url + str(page.context.cookies())
    answer = APIClient(HTTP_AUTHORIZATION=f"Bearer {text}").get("/api/instances")
    assert [each["slug"] for each in answer.json()["instances"]] == ["my-assistant"]
    press(page, page.get_by_role("link", name="to my tokens"))
    expect(page.get_by_role("link", name="End nightly")).to_be_visible()
    assert_no_marker(page, text)
    for path in ("/admin/", f"/admin/instances/instance/{instance.pk}/tokens/"):
        page.goto(path)
        assert_no_marker(page, text)
    assert text not in "".join(str(each.get_decoded()) for each in Session.objects.all())
    assert text not in caplog.text


def test_end_a_token_and_withdraw_another(window: Page, instance: Instance) -> None:
    for label in ("one", "two"):
        window.goto(f"/admin/instances/accesstoken/add/?instance={instance.pk}")
        window.get_by_label("What it is for").fill(label)
        press(window, "Make the token")
    window.goto("/admin/instances/accesstoken/")
    press(window, window.get_by_role("link", name="End one"))
    press(window, "End the token")
    expect(window.get_by_text("The token “one” of root is ended.")).to_be_visible()
    expect(window.get_by_role("link", name="End two")).to_be_visible()
    window.goto(f"/admin/instances/instance/{instance.pk}/tokens/")
    press(window, window.get_by_role("link", name="Withdraw token “two” of root"))
    press(window, "Withdraw the token")
    expect(
        window.get_by_text("The token “two” of root no longer reaches this instance.")
    ).to_be_visible()
    assert not AccessToken.objects.exists()
