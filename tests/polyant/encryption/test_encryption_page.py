"""The Encryption page: ids, figures and the next step, for superusers; never a key."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from instances.models import Instance
from polyant.encryption.conf import get_keyring
from secrets_app.models import InstanceSecret

URL = "/admin/encryption/"
OLD, NEW = "1f" * 32, "2e" * 32


@pytest.fixture
def client(superuser: User) -> Client:
    client = Client()
    client.force_login(superuser, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def stored(instance: Instance) -> str:
    """A secret under the old key; the id of that key."""
    InstanceSecret.objects.set_many(instance, {"openai_api_key": "MARKER"}, None)
    return get_keyring().primary.key_id


def test_it_is_for_superusers_only(make_user: Any) -> None:
    client = Client()
    assert client.get(URL).status_code == 302
    user = make_user("staff", is_staff=True)
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    assert client.get(URL).status_code == 403


def test_with_one_key_there_is_nothing_to_do(client: Client, stored: str) -> None:
    page = client.get(URL).content.decode()
    assert "There is nothing to do." in page
    assert stored in page
    assert OLD not in page
    assert "MARKER" not in page


def test_rows_under_a_former_key_are_to_be_rotated(
    client: Client, stored: str, settings: Any
) -> None:
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = NEW, [OLD]
    response = client.get(URL)
    assert response.context["step"] == "rotate"
    assert ("instance_secrets", stored, 1, "fallback") in response.context["figures"]


def test_a_former_key_that_no_row_needs_may_go(client: Client, stored: str, settings: Any) -> None:
    settings.ENCRYPTION_KEY_FALLBACKS = [NEW]
    assert client.get(URL).context["step"] == "retire"


def test_a_missing_key_is_named_with_what_it_would_open(
    client: Client, stored: str, settings: Any
) -> None:
    settings.ENCRYPTION_KEY = NEW
    response = client.get(URL)
    page = response.content.decode()
    assert f"<code>{stored}</code> (1 row)" in page
    assert ("instance_secrets", "my-assistant", "openai_api_key") in response.context["unopened"]
    assert "--wipe-unreadable" in page
    assert NEW not in page


def test_a_row_that_no_key_opens_is_no_reason_to_be_content(
    client: Client, stored: str, overwrite: Callable[[str, str], None]
) -> None:
    overwrite("openai_api_key", "sk-feedfacecafebeef")
    response = client.get(URL)
    assert response.context["step"] == "mend"
    assert "1 row holds something other than a ciphertext" in response.content.decode()
    assert ("instance_secrets", "my-assistant", "openai_api_key") in response.context["unopened"]
    assert "feedface" not in response.content.decode()


def test_the_first_page_leads_there(client: Client) -> None:
    assert f'href="{URL}"' in client.get("/admin/").content.decode()


def test_it_takes_at_most_ten_queries(
    client: Client, stored: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(10):
        assert "no-store" in client.get(URL)["Cache-Control"]
