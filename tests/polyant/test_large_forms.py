"""Forms beyond Django's own limits: words for the person, and nothing of what was typed."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from instances.models import Instance
from secrets_app.models import InstanceSecret

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def client(superuser: User) -> Client:
    client = Client()
    client.force_login(superuser, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("text=" + "MARKER" * 500_000, "larger than the 2.5\xa0MB"),
        ("&".join(f"MARKER{n}=" for n in range(10_001)), "more than the 10000 fields"),
    ],
)
def test_a_form_that_is_too_large_is_refused_in_words(
    client: Client, instance: Instance, body: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"/admin/instances/instance/{instance.pk}/secrets/paste/"
    response = client.post(url, body, content_type=FORM)
    page = response.content.decode()
    assert response.status_code == 413
    assert why in page
    assert "Nothing was saved, and nothing of it was kept." in page
    assert "in several steps" in page
    assert "MARKER" not in page + caplog.text
    assert not InstanceSecret.objects.exists()


def test_who_is_not_signed_in_is_told_the_same(db: None, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    response = Client().post("/admin/login/", "x=" + "MARKER" * 5, content_type=FORM)
    assert response.status_code == 413
    assert "MARKER" not in response.content.decode()
