"""InstanceSecret.objects.apply: what a person decided while looking at the page, or nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from instances.models import AuditEntry, Instance
from secrets_app.exceptions import ChangedMeanwhile
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from secrets_app.skill_env_managers import EnvEntry

apply = InstanceSecret.objects.apply
Seen = dict[str, str]


@pytest.fixture
def seen(instance: Instance, editor: User) -> Seen:
    """What the page showed: two secrets, each with its stamp."""
    InstanceSecret.objects.set_many(instance, {"kept": "k", "replaced": "r"}, editor)
    return stamps(instance)


def stamps(instance: Instance) -> Seen:
    return {key: row.stamp for key, row in InstanceSecret.objects.rows_by_key(instance).items()}


def stored(instance: Instance) -> dict[str, str]:
    return {row.key: row.value.reveal() for row in InstanceSecret.objects.filter(instance=instance)}


def test_sets_and_removes_together(instance: Instance, editor: User, seen: Seen) -> None:
    apply(instance, {"replaced": "2", "added": "1"}, ["kept"], editor, seen=seen)
    assert stored(instance) == {"replaced": "2", "added": "1"}
    newest = AuditEntry.objects.listing(instance, limit=2)
    assert [entry.names for entry in newest] == [["kept"], ["added", "replaced"]]


@pytest.mark.parametrize(
    ("values", "removals"),
    [({"replaced": "mine"}, []), ({}, ["replaced"]), ({"kept": "x"}, ["added"])],
)
def test_what_somebody_else_changed_is_not_overwritten(
    instance: Instance, editor: User, seen: Seen, values: dict[str, str], removals: list[str]
) -> None:
    InstanceSecret.objects.set_many(instance, {"replaced": "theirs", "added": "theirs"}, editor)
    with pytest.raises(ChangedMeanwhile):
        apply(instance, values, removals, editor, seen=seen)
    assert stored(instance) == {"kept": "k", "replaced": "theirs", "added": "theirs"}


def test_what_somebody_else_changed_elsewhere_is_no_hindrance(
    instance: Instance, editor: User, seen: Seen
) -> None:
    InstanceSecret.objects.set_many(instance, {"kept": "theirs"}, editor)
    apply(instance, {"replaced": "mine"}, [], editor, seen=seen)
    assert stored(instance) == {"kept": "theirs", "replaced": "mine"}


def test_one_bad_value_and_nothing_has_happened(
    instance: Instance, editor: User, seen: Seen
) -> None:
    with pytest.raises(ValidationError):
        apply(instance, {"replaced": "2", "Bad name": "x"}, ["kept"], editor, seen=seen)
    assert stored(instance) == {"kept": "k", "replaced": "r"}


def test_what_is_set_anew_is_not_what_was_seen(
    instance: Instance, editor: User, seen: Seen
) -> None:
    InstanceSecret.objects.remove(instance, "replaced", editor)
    InstanceSecret.objects.set_many(instance, {"replaced": "r"}, editor)
    assert stamps(instance)["replaced"] != seen["replaced"]
    with pytest.raises(ChangedMeanwhile):
        apply(instance, {}, ["replaced"], editor, seen=seen)


Change = Callable[[str], None]


@pytest.fixture
def one_wins(together: Callable[..., list[str]], instance: Instance) -> Callable[[Change], str]:
    """Make a change to "a" and to "b" at one moment: one is told, and this is the other."""

    def run(change: Change) -> str:
        def attempt(value: str) -> str:
            try:
                change(value)
            except ChangedMeanwhile:
                return "told"
            return value

        attempts = (lambda value=value: attempt(value) for value in "ab")
        [winner] = {*together(*attempts, behind=instance)} - {"told"}
        return winner

    return run


@pytest.mark.parametrize("key", ["replaced", "new"])
def test_of_two_with_the_same_page_one_wins(
    one_wins: Callable[[Change], str], instance: Instance, editor: User, seen: Seen, key: str
) -> None:
    winner = one_wins(lambda value: apply(instance, {key: value}, [], editor, seen=seen))
    assert stored(instance)[key] == winner


def test_of_two_with_the_same_page_of_a_skill_one_wins(
    one_wins: Callable[[Change], str], instance: Instance, editor: User
) -> None:
    def change(value: str) -> None:
        entries = [EnvEntry("NEW", value)]
        InstanceSkillEnv.objects.apply(instance, "search", entries, [], editor, seen={})

    winner = one_wins(change)
    assert InstanceSkillEnv.objects.reveal(instance, "search") == {"NEW": winner}


def test_rows_by_key_says_who_and_opens_nothing(
    instance: Instance, editor: User, seen: Seen, settings: Any
) -> None:
    settings.ENCRYPTION_KEY = "2e" * 32
    rows = InstanceSecret.objects.rows_by_key(instance)
    assert list(rows) == ["kept", "replaced"]
    assert {row.updated_by for row in rows.values()} == {editor}
