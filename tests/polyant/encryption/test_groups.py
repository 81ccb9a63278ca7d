"""A value and its bound columns are written as one, whichever way somebody tries to part them."""

from collections.abc import Callable
from enum import Enum

import pytest
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower

from instances.models import Instance
from polyant.encryption.exceptions import BoundColumnChanged
from polyant.encryption.inventory import take_inventory
from secrets_app.models import InstanceSecret

secrets = InstanceSecret.objects

Attempt = Callable[[InstanceSecret], object]


@pytest.fixture
def stored(instance: Instance) -> InstanceSecret:
    return secrets.create(instance=instance, key="a", value="one")


def _change_key_save_value(row: InstanceSecret) -> None:
    row.key, row.value = "z", "new"
    row.save(update_fields=["value"])


def _save_a_stale_copy(row: InstanceSecret) -> None:
    copy = secrets.get()
    row.key, row.value = "z", "other"
    row.save()
    copy.value = "new"
    copy.save(update_fields=["value"])


def _force_an_update(row: InstanceSecret) -> None:
    copy = InstanceSecret(id=row.id, instance=row.instance, key="zz", value="new")
    copy.save(force_update=True, update_fields=["value"])


def _refresh_something_else(row: InstanceSecret) -> None:
    row.key = "z"
    row.refresh_from_db(fields=["updated_at"])
    row.save()


def _read_a_deferred_field(row: InstanceSecret) -> None:
    part = secrets.defer("updated_at").get()
    part.key = "z"
    assert part.updated_at
    part.save()


def _refresh_the_key_alone(row: InstanceSecret) -> None:
    copy = secrets.get()
    row.key, row.value = "z", "other"
    row.save()
    copy.refresh_from_db(fields=["key"])
    copy.save()


def _assign_a_deferred_key(row: InstanceSecret) -> None:
    part = secrets.defer("key").get()
    part.key = "z"
    part.save()


def _assign_a_key_to_a_bare_row(row: InstanceSecret) -> None:
    part = secrets.only("id").get()
    part.key = "z"
    part.save()


def _save_the_key_after_bulk_create(row: InstanceSecret) -> None:
    (made,) = secrets.bulk_create([InstanceSecret(instance=row.instance, key="b", value="two")])
    made.key = "c"
    made.save(update_fields=["key"])


def _write_through_a_related_manager(row: InstanceSecret) -> None:
    other = Instance.objects.create(slug="elsewhere", name="Elsewhere")
    other.secrets.add(row)


def _write_through_the_base_manager(row: InstanceSecret) -> None:
    InstanceSecret._base_manager.update(key="zz")


def _upsert_by_position(row: InstanceSecret) -> None:
    copy = InstanceSecret(id=row.id, instance=row.instance, key="zz", value="new")
    secrets.bulk_create([copy], None, False, True, ["key"], ["id"])


def _give_a_placeless_value_to_another_row(row: InstanceSecret) -> None:
    other = secrets.create(instance=row.instance, key="b", value="two")
    other.value = secrets.filter(pk=row.pk).values_list("value", flat=True).get()
    other.save()


def _name_it_by_an_enumeration(row: InstanceSecret) -> None:
    name = Enum("name", {"first": "b"}, type=str)
    secrets.create(instance=row.instance, key=name["first"], value="two")  # type: ignore[misc]


def _name_it_by_an_expression(row: InstanceSecret) -> None:
    row.key, row.value = Lower(Value("OTHER")), "new"
    row.save()


@pytest.mark.parametrize(
    "attempt",
    [
        _change_key_save_value, _save_a_stale_copy, _force_an_update, _refresh_something_else,
        _read_a_deferred_field, _refresh_the_key_alone, _assign_a_deferred_key,
        _assign_a_key_to_a_bare_row, _save_the_key_after_bulk_create,
        _write_through_a_related_manager, _write_through_the_base_manager, _upsert_by_position,
        _give_a_placeless_value_to_another_row, _name_it_by_an_enumeration,
        _name_it_by_an_expression,
    ],
)  # fmt: skip
def test_every_row_opens_after_an_attempt_to_part_them(
    stored: InstanceSecret, attempt: Attempt
) -> None:
    try:
        with transaction.atomic():
            attempt(stored)
    except (BoundColumnChanged, TypeError):
        pass  # refused is as good as written whole
    inventory = take_inventory()
    assert inventory.unreadable == []
    assert inventory.readable["instance_secrets"].total() > 0


def test_a_row_without_its_value_is_saved_without_touching_the_group(
    stored: InstanceSecret,
) -> None:
    part = secrets.defer("value").get()
    part.version = 7
    part.save()
    assert secrets.get().version == 7
    assert secrets.get().value.reveal() == "one"


def test_what_was_assigned_to_a_bare_row_is_what_is_saved(stored: InstanceSecret) -> None:
    part = secrets.only("id").get()
    part.key, part.value = "z", "new"
    part.save()
    row = secrets.get()
    assert (row.key, row.value.reveal()) == ("z", "new")


def test_a_deferred_value_is_loaded_in_one_query(
    stored: InstanceSecret, django_assert_num_queries: Callable[[int], object]
) -> None:
    part = secrets.only("id").get()
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        assert part.value.reveal() == "one"


def test_a_template_shows_the_mask_and_does_not_reveal(stored: InstanceSecret) -> None:
    from django.template import Context, Template

    template = Template("{{ row.value }}|{{ row.value.reveal }}|{{ fresh.value.reveal }}")
    fresh = InstanceSecret(instance=stored.instance, key="b", value="two")
    assert template.render(Context({"row": secrets.get(), "fresh": fresh})) == "••••••••||"
