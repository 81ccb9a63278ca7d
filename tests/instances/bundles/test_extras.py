"""What is kept of a bundle: unchanged on every database."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instances.bundles.extras import Extras
from instances.models import Instance

# What passes the parser: no NUL and no surrogate, and nothing that a double cannot hold.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
SCALARS = (
    st.none() | st.booleans() | st.integers() | TEXT
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
PECULIAR = {
    "zz": 1, "a": 2, "longer than the others": 3, "": 4,
    "numbers": [1.0, -0.0, 1e-7, 1.5e300, 2**70, -(10**300), 0.1, 100000000000000000000.0],
    "text": ["\u2028", "é", "e\u0301", "🤖", "\\u0000", "\x7f\x1f", '"', "\ufffe"],
    "nested": {"b": {}, "a": [[], [{}], None, False]},
}  # fmt: skip


def kept(instance: Instance, extras: Extras) -> Extras:
    """Through the database and back."""
    instance.bundle_extras = extras.to_column()
    instance.save(update_fields=["bundle_extras"])
    return Extras.of(Instance.objects.get(pk=instance.pk))


def assert_same(one: Any, other: Any) -> None:
    """To the letter: the order of names, the sign of a zero, 1 and 1.0."""
    assert json.dumps(one) == json.dumps(other)


def test_peculiar_values_survive_the_database(instance: Instance) -> None:
    extras = Extras({"top": PECULIAR}, PECULIAR, {"channels": [PECULIAR]})
    assert_same(vars(kept(instance, extras)), vars(extras))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(members=st.dictionaries(TEXT, VALUES, max_size=5))
def test_any_members_survive_the_database(instance: Instance, members: dict[str, Any]) -> None:
    assert_same(kept(instance, Extras(instance=members)).instance, members)


def test_nothing_kept_is_the_default_of_the_column(instance: Instance) -> None:
    assert Extras().to_column() == Instance._meta.get_field("bundle_extras").get_default() == {}
    assert Extras.of(Instance.objects.get(pk=instance.pk)) == Extras()


def test_what_is_kept_is_read_only_by_who_looks_at_it(instance: Instance) -> None:
    assert Instance.objects.get(pk=instance.pk).get_deferred_fields() == {"bundle_extras"}
