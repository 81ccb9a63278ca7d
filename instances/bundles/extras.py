"""Members of a bundle that this project does not model: kept, and given back unchanged."""

import json
from dataclasses import dataclass, field
from typing import Any, Self

from instances.models import Instance


@dataclass(frozen=True)
class Extras:
    """What is kept, by its place in the bundle; a section chooses the form of its own part."""

    bundle: dict[str, Any] = field(default_factory=dict)
    instance: dict[str, Any] = field(default_factory=dict)
    sections: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, instance: Instance) -> Self:
        """What was kept of the bundles that were imported into an instance."""
        return cls(**json.loads(instance.bundle_extras)) if instance.bundle_extras else cls()

    def to_column(self) -> str | dict[str, Any]:
        """The value for ``Instance.bundle_extras``; the column's default if there is nothing.

        A JSON text as a JSON string: PostgreSQL's jsonb would sort the names of an object and
        turn -0.0 into 0.0.
        """
        return json.dumps(vars(self), allow_nan=False) if any(vars(self).values()) else {}
