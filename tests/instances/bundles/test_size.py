"""Whatever an import leaves behind can be exported and imported again."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from instances.bundles import MAX_BYTES, exporting, size
from instances.bundles.views import BundleViewSet, NewBundleViewSet
from instances.models import Instance
from polyant import parsers
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from tests.instances.bundles.conftest import BASE, IMPORT, bundle

FEW_BYTES, FEW_VALUES = MAX_BYTES // 100, parsers.MAX_VALUES // 100


@pytest.fixture
def low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of what a bundle may have, wherever it is counted."""
    for module in (size, exporting):
        monkeypatch.setattr(module, "MAX_BYTES", FEW_BYTES)
    for view in (BundleViewSet, NewBundleViewSet):
        monkeypatch.setattr(view, "max_body_bytes", FEW_BYTES)
    monkeypatch.setattr(parsers, "MAX_VALUES", FEW_VALUES)


@pytest.mark.usefixtures("low_limits")
def test_a_bundle_that_grows_by_its_indentation_is_exported_compactly(client: APIClient) -> None:
    nested: list[Any] = [1] * 2_000
    for _ in range(25):
        nested = [nested]
    # Three bytes a number as it came, sixty indented.
    assert client.post(IMPORT, bundle(prompts=nested)).status_code == 201
    text = client.get("/api/instances/new/export").content
    assert 4_000 < len(text) < 10_000
    assert client.post(IMPORT, text, content_type="application/json").status_code == 201


@pytest.mark.usefixtures("low_limits")
def test_the_values_of_several_bundles_add_up_too(client: APIClient, instance: Instance) -> None:
    statuses = [
        client.post(f"{BASE}/import", bundle(**{name: [0] * 2_000})).status_code
        for name in ("prompts", "skills")
    ]
    assert statuses == [200, 400]
    text = client.get(f"{BASE}/export").content
    assert client.post(f"{BASE}/import", text, content_type="application/json").status_code == 200


@pytest.mark.usefixtures("low_limits")
def test_what_adds_up_over_imports_is_refused_in_words(
    client: APIClient, instance: Instance
) -> None:
    statuses = []
    for name in ("prompts", "skills", "hooks"):
        response = client.post(f"{BASE}/import", bundle(**{name: ["n" * 40_000]}))
        statuses.append(response.status_code)
    assert statuses == [200, 200, 400]
    assert response.json()["errors"][0]["code"] == "too_large"
    assert "too large to be imported again" in response.json()["message"]
    text = client.get(f"{BASE}/export").content
    assert len(text) <= FEW_BYTES
    assert client.post(f"{BASE}/import", text, content_type="application/json").status_code == 200


@pytest.mark.usefixtures("low_limits")
def test_it_is_the_bytes_of_the_export_that_count(client: APIClient) -> None:
    # Each number grows from four bytes to eighteen, and more than that if it is indented.
    numbers = b",".join([b"1e15"] * 2_900)
    long = b"n" * 60_000
    raw = b'{"version":"1.0","type":"instance","instance":{"slug":"new","name":"n","x":[%s,"%s"]}}'
    response = client.post(IMPORT, raw % (numbers, long), content_type="application/json")
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "too_large")
    assert not Instance.objects.filter(slug="new").exists()


def env(count: int, value: str = "v") -> list[dict[str, Any]]:
    return [
        {"skillSlug": "s", "key": f"K{n}", "encrypted": False, "value": value} for n in range(count)
    ]


def test_what_the_api_lets_people_set_is_imported_again(
    client: APIClient, instance: Instance
) -> None:
    InstanceSecret.objects.set_many(instance, {f"k{n}": "v" for n in range(2_048)}, None)
    text = client.get(f"{BASE}/export").content
    response = client.post(f"{BASE}/import", text, content_type="application/json")
    assert (response.status_code, response.json()["warnings"]) == (200, [])


def test_entries_add_up_over_imports_too(
    client: APIClient, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size, "MAX_ENTRIES", 3)
    assert client.post(f"{BASE}/import", bundle(skillEnv=env(3))).status_code == 200
    other = [{**each, "skillSlug": "t"} for each in env(1)]
    response = client.post(f"{BASE}/import", bundle(skillEnv=other))
    assert response.json()["errors"][0]["code"] == "too_large"
    assert client.post(IMPORT, bundle(skillEnv=env(4))).status_code == 400


def test_an_instance_that_is_too_large_already_takes_what_does_not_add_to_it(
    client: APIClient, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {("s", f"K{n}"): "é" * 24_000 for n in range(3)}
    InstanceSkillEnv.objects.set_readable(instance, values, None)
    monkeypatch.setattr(size, "MAX_BYTES", 100_000)
    url = f"{BASE}/import"
    assert client.post(url, bundle(name="A much longer name")).status_code == 200
    assert client.post(url, bundle(skillEnv=env(3, "shorter"))).status_code == 200
    InstanceSkillEnv.objects.set_readable(instance, values, None)
    assert client.post(url, bundle(prompts=["more"])).json()["errors"][0]["code"] == "too_large"


def test_the_command_says_so_too(db: None, tmp_path: Any) -> None:
    file = tmp_path / "bundle.json"
    inside = '"slug": "new", "name": "n", "note": "' + "n" * (MAX_BYTES - 110) + '"'
    file.write_text('{"version": "1.0", "type": "instance", "instance": {' + inside + "}}")
    with pytest.raises(CommandError, match="too large to be imported again"):
        call_command("import_instance", str(file), stdout=StringIO())
    assert not Instance.objects.exists()
