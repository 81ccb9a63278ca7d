"""What a person is about to do to the secrets of an instance, or to the variables of a skill."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from django.contrib.auth.models import User

from secrets_app.catalog import describe_key
from secrets_app.skill_env_managers import EnvEntry


@dataclass(frozen=True)
class Line:
    """One key of a plan, as it is shown, with what there is to say about it."""

    key: str
    verb: str
    loss: str
    note: str
    warning: str


@dataclass(frozen=True)
class Plan:
    """Values to set and keys to remove, decided on while the rows were as in ``seen``.

    ``left_out`` counts what was pasted and cannot be used.
    """

    values: dict[str, str] = field(default_factory=dict, repr=False)
    removals: list[str] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    left_out: int = 0

    def __bool__(self) -> bool:
        return bool(self.values or self.removals)

    @property
    def keys(self) -> list[str]:
        return sorted({*self.values, *self.removals})

    @property
    def done(self) -> str:
        """What was done, in a sentence of names."""
        parts = {"Set": sorted(self.values), "Removed": sorted(self.removals)}
        return " ".join(f"{verb} {', '.join(keys)}." for verb, keys in parts.items() if keys)

    def action(self, noun: str) -> str:
        """What confirming does, for the button."""
        sets, removes = len(self.values), len(self.removals)
        parts = [f"save {sets}"] if sets else []
        parts += [f"remove {removes}"] if removes else []
        words = f"{' and '.join(parts).capitalize()} {noun}{'' if (removes or sets) == 1 else 's'}"
        return f"{words}, leave out the rest" if self.left_out else words

    def loss(self, key: str) -> str:
        """What stops working without a key."""
        return describe_key(key).loss

    def note(self, key: str, row: Any) -> str:
        """What else to say about a key, given its row as it is now."""
        return ""

    def lines(self, rows: Mapping[str, Any], user: User) -> list[Line]:
        """Each key with what will happen to it, given the rows as they are now; removals first."""
        keys = sorted(self.keys, key=lambda key: (key not in self.removals, key))
        return [self._line(key, rows.get(key), user) for key in keys]

    def is_stale(self, rows: Mapping[str, Any]) -> bool:
        """Whether one of its keys was written or removed after the person looked."""
        return any(self._is_stale(key, rows.get(key)) for key in self.keys)

    def renewed(self, rows: Mapping[str, Any]) -> Self:
        """The same plan for a person who has seen the rows as they are now.

        A key that was to be removed and is already gone is no longer part of it.
        """
        seen = {key: rows[key].stamp for key in self.keys if key in rows}
        return replace(self, seen=seen, removals=[key for key in self.removals if key in rows])

    def to_draft(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_draft(cls, draft: dict[str, Any]) -> Self:
        return cls(**draft)

    def _line(self, key: str, row: Any, user: User) -> Line:
        is_removed = key in self.removals
        verb = "Remove" if is_removed else "Replace" if row else "Add"
        loss = self.loss(key) if is_removed and row else ""
        warning = _warning(row, user, is_removed) if self._is_stale(key, row) else ""
        return Line(key, verb, loss, self.note(key, row), warning)

    def _is_stale(self, key: str, row: Any) -> bool:
        return self.seen.get(key) != (row.stamp if row else None)


@dataclass(frozen=True)
class EnvPlan(Plan):
    """A plan for a skill; the values of the keys in ``readable`` are not sensitive."""

    readable: list[str] = field(default_factory=list)

    @property
    def entries(self) -> list[EnvEntry]:
        """The values as the verb takes them."""
        return [EnvEntry(key, text, key not in self.readable) for key, text in self.values.items()]

    def loss(self, key: str) -> str:
        return "The skill runs without it."

    def note(self, key: str, row: Any) -> str:
        hidden = row is not None and row.sensitive and key in self.readable
        return "It is sensitive by now, and stays so." if hidden else ""

    def renewed(self, rows: Mapping[str, Any]) -> Self:
        """As in ``Plan``; what has been made sensitive since stays so, and is not emptied."""
        hidden = {key for key, row in rows.items() if row.sensitive}
        values = {key: text for key, text in self.values.items() if text or key not in hidden}
        readable = [key for key in self.readable if key not in hidden]
        return replace(super().renewed(rows), values=values, readable=readable)


def _warning(row: Any, user: User, is_removed: bool) -> str:
    """What happened to a key after the person looked."""
    if row:
        by_user = row.updated_by == user
        who = "You changed this yourself" if by_user else f"{_name(row)} changed this"
        return f"{who} at {row.updated_at:%Y-%m-%d %H:%M:%S} UTC, after your page was loaded."
    if is_removed:
        return "It was removed already; there is nothing left to do."
    return "Somebody removed this after your page was loaded. Confirming sets it again."


def _name(row: Any) -> str:
    return row.updated_by.get_username() if row.updated_by else "Somebody"
