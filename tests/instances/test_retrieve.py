"""GET /api/instances/{slug}"""

from collections.abc import Callable

from django.contrib.auth.models import User
from rest_framework.test import APIClient

from instances.models import Instance

URL = "/api/instances/my-assistant"


def test_an_instance_is_shown_as_in_the_listing(api: APIClient) -> None:
    shown = api.get(URL).json()
    assert list(shown) == ["instance"]
    assert shown["instance"] == api.get("/api/instances").json()["instances"][0]


def test_a_disabled_instance_is_still_shown(api: APIClient, instance: Instance) -> None:
    Instance.objects.filter(pk=instance.pk).update(status="disabled")
    assert api.get(URL).json()["instance"]["status"] == "disabled"


def test_head_answers_as_get_without_a_body(api: APIClient) -> None:
    response = api.head(URL)
    assert response.status_code == 200
    assert response.content == b""
    assert response["Content-Type"] == api.get(URL)["Content-Type"] == "application/json"


def test_an_unknown_slug_is_not_found(api: APIClient) -> None:
    for slug in ("no-such", "My-assistant", "my-assistant%0a", "my-assistant%00", "%ff", "a" * 101):
        response = api.get(f"/api/instances/{slug}")
        assert response.status_code == response.json()["statusCode"] == 404, slug


def test_a_trailing_slash_is_not_found_and_never_a_redirect(api: APIClient) -> None:
    response = api.get(f"{URL}/")
    assert response.status_code == 404
    assert not response.has_header("Location")


def test_options_tells_the_methods_alike_for_any_instance(api: APIClient) -> None:
    mine, none = api.options(URL), api.options("/api/instances/no-such")
    assert mine.json() == none.json() == {"methods": ["GET", "PATCH", "DELETE", "HEAD", "OPTIONS"]}


def test_a_removed_member_sees_nothing_with_the_token_they_still_have(
    client_of: Callable[..., APIClient], owner: User, editor: User
) -> None:
    client = client_of(editor)
    client_of(owner).delete(f"{URL}/members/editor")
    assert client.get(URL).status_code == 404
