"""Pictures of the admin: ``make screenshots`` writes them to ``docs/screenshots``.

No test, and not collected as one: pytest runs it when it is named, for its browser and server.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from channels_app.catalog import SLACK, TELEGRAM
from channels_app.models import InstanceChannel
from instances.models import AccessToken, Instance, Membership
from instances.roles import Role
from secrets_app.models import InstanceSecret

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
MOST_BYTES = 150_000
WIDE, PHONE = (1280, 800), (375, 780)
Scheme = Literal["light", "dark"]

FORMER_KEY, KEY = "1f" * 32, "2e" * 32
LONG_AGO = datetime(2024, 3, 14, 9, 26, tzinfo=UTC)
OTHERS = {
    "support-desk": ("Support desk", ["anthropic_api_key", "github_token"]),
    "sales-notes": ("Sales notes", ["openai_api_key", "tavily_api_key", "hubspot_api_key"]),
    "voice-line": ("Voice line", ["deepgram_api_key"]),
}


@pytest.fixture
def demo(
    instance: Instance, superuser: User, make_user: Callable[..., User], settings: Any
) -> Instance:
    """Instances as a year of use leaves them: a former key, an old secret, a key that lacks."""
    _set(instance, superuser, "openai_api_key", "aws_access_key_id", "aws_secret_access_key")
    InstanceSecret.objects.filter(key="aws_access_key_id").update(updated_at=LONG_AGO)
    for slug, (name, keys) in OTHERS.items():
        _set(Instance.objects.establish(superuser, slug=slug, name=name), superuser, *keys)
    for name, role in (("ada", Role.ADMIN), ("grace", Role.EDITOR), ("alan", Role.VIEWER)):
        user = make_user(name, is_staff=role != Role.VIEWER)
        Membership.objects.assign(instance, user.username, role, superuser)
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_FALLBACKS = KEY, [FORMER_KEY]
    _set(instance, superuser, "langsmith_api_key", "hubspot_api_key")
    telegram = {"botToken": "1:x", "allowedUserIds": "42"}
    InstanceChannel.objects.connect(instance, TELEGRAM, telegram, superuser, enabled=True)
    InstanceChannel.objects.connect(instance, SLACK, {"botToken": "xoxb-x"}, superuser)
    AccessToken.objects.issue(superuser, timedelta(days=5), label="nightly export")
    return instance


def _set(instance: Instance, by: User, *keys: str) -> None:
    InstanceSecret.objects.set_many(instance, dict.fromkeys(keys, "x"), by)


def test_take_the_pictures(page: Page, demo: Instance) -> None:
    base = f"/admin/instances/instance/{demo.pk}"
    pictures: list[tuple[str, str, tuple[int, int], Scheme]] = [
        ("secrets-light", f"{base}/secrets/", WIDE, "light"),
        ("secrets-dark", f"{base}/secrets/", WIDE, "dark"),
        ("secrets-phone", f"{base}/secrets/", PHONE, "light"),
        ("channels", f"{base}/channels/", WIDE, "light"),
        ("members", f"{base}/members/", WIDE, "light"),
        ("dashboard", "/admin/", WIDE, "light"),
        ("dashboard-phone", "/admin/", PHONE, "dark"),
        ("encryption", "/admin/encryption/", WIDE, "light"),
        ("instances", "/admin/instances/instance/", WIDE, "light"),
    ]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, path, (width, height), scheme in pictures:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": height})
        page.goto(path)
        target = FOLDER / f"{name}.png"
        page.screenshot(path=target)
        assert target.stat().st_size < MOST_BYTES, f"{target} is too large for a repository"
