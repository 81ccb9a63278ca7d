"""Many rows at once: no road through the ORM writes plaintext or parts a value from its row."""

from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import transaction

from instances.models import Instance
from polyant.encryption.exceptions import BoundColumnChanged
from secrets_app.models import InstanceSecret, InstanceSkillEnv

pytestmark = pytest.mark.django_db

secrets = InstanceSecret.objects


def test_an_assigned_value_is_sealed_for_the_row_it_is_saved_in(instance: Instance) -> None:
    first = InstanceSecret(instance=instance, key="first", value="sk-1")
    second = InstanceSecret(instance=instance, key="second", value=first.value)
    secrets.bulk_create([first, second])
    assert [row.value.reveal() for row in secrets.all()] == ["sk-1", "sk-1"]


def test_a_stored_value_is_not_created_anew_under_another_key(secret: InstanceSecret) -> None:
    row = secrets.get()
    row.pk, row.key = uuid4(), "another"
    with pytest.raises(BoundColumnChanged), transaction.atomic():
        secrets.bulk_create([row])
    assert secrets.count() == 1


@pytest.mark.parametrize("column", ["key", "instance", "instance_id", "value"])
def test_update_sets_neither_a_value_nor_what_it_is_bound_to(
    secret: InstanceSecret, column: str
) -> None:
    with pytest.raises(BoundColumnChanged, match=f"cannot set {column}"):
        secrets.update(**{column: getattr(secret, column)})


def test_update_sets_the_other_columns(secret: InstanceSecret, plaintext: str) -> None:
    assert secrets.update(version=3) == 1
    row = secrets.get()
    assert (row.version, row.value.reveal()) == (3, plaintext)


@pytest.mark.parametrize("column", ["key", "instance", "value"])
def test_bulk_update_sets_neither_a_value_nor_what_it_is_bound_to(
    secret: InstanceSecret, column: str
) -> None:
    with pytest.raises((BoundColumnChanged, TypeError)):
        secrets.bulk_update([secret], [column])


def test_the_rows_of_an_instance_are_held_to_the_same(secret: InstanceSecret) -> None:
    with pytest.raises(BoundColumnChanged):
        secret.instance.secrets.update(key="another")


def test_an_upsert_replaces_a_value(secret: InstanceSecret) -> None:
    row = InstanceSecret(instance=secret.instance, key=secret.key, value="sk-2")
    secrets.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["instance", "key"],
        update_fields=["value"],
    )
    stored = secrets.get()
    assert stored.pk == secret.pk
    assert stored.value.reveal() == "sk-2"


@pytest.mark.parametrize(
    ("unique", "updated"),
    [
        pytest.param(["id"], ["value"], id="a value under an unknown key"),
        pytest.param(["id"], ["key"], id="a key without its value"),
        pytest.param(["id"], ["value", "key"], id="a value for an unknown instance"),
        pytest.param(["id"], ["instance"], id="an instance without its values"),
    ],
)
def test_an_upsert_does_not_part_a_value_from_its_row(
    secret: InstanceSecret, unique: list[str], updated: list[str]
) -> None:
    row = InstanceSecret(id=secret.id, instance=secret.instance, key="another", value="sk-2")
    with pytest.raises(BoundColumnChanged):
        secrets.bulk_create(
            [row], update_conflicts=True, unique_fields=unique, update_fields=updated
        )


def test_an_upsert_writes_the_sensitivity_with_the_value(instance: Instance) -> None:
    row = InstanceSkillEnv(instance=instance, skill_slug="skill", key="KEY", value="x")
    with pytest.raises(BoundColumnChanged):
        InstanceSkillEnv.objects.bulk_create(
            [row],
            update_conflicts=True,
            unique_fields=["instance", "skill_slug", "key"],
            update_fields=["value"],
        )


def test_update_or_create_replaces_a_value(secret: InstanceSecret) -> None:
    secrets.update_or_create(instance=secret.instance, key=secret.key, defaults={"value": "sk-2"})
    assert secrets.get().value.reveal() == "sk-2"


def test_a_dump_is_not_loaded(secret: InstanceSecret, plaintext: str, tmp_path: Path) -> None:
    """The stored text would be sealed once more, as if somebody had assigned it."""
    fixture = tmp_path / "dump.json"
    call_command("dumpdata", "secrets_app", output=str(fixture))
    with pytest.raises(TypeError, match=r"only through save\(\)"):
        call_command("loaddata", str(fixture), stdout=StringIO())
    assert secrets.get().value.reveal() == plaintext
