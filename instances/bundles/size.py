"""Whether what an import leaves behind could be exported and imported again."""

import json
from typing import Any

from rest_framework.exceptions import ParseError

from instances.bundles import MAX_BYTES, MAX_ENTRIES
from instances.bundles.exporting import to_compact
from instances.bundles.sections import all_sections
from instances.serializers import InstanceChange
from polyant.parsers import check_json


def has_outgrown(before: dict[str, Any] | None, after: dict[str, Any]) -> bool:
    """True if the bundle ``after`` an import cannot be imported, and the import made it so.

    The API allows more than a bundle may hold; an import that does not add to the excess is
    accepted.
    """
    if _fits(after):
        return False
    return before is None or _fits(before) or _weight(after) > _weight(before)


def _fits(bundle: dict[str, Any]) -> bool:
    sections = [bundle["instance"][section.member] for section in all_sections()]
    raw = to_compact(bundle).encode()
    if len(raw) > MAX_BYTES or any(len(entries) > MAX_ENTRIES for entries in sections):
        return False
    try:
        # The parser has limits of its own, such as the number of values.
        check_json(raw, bundle)
    except ParseError:
        return False
    return True


def _weight(bundle: dict[str, Any]) -> int:
    """The characters of what adds up over imports: all but the settings, which are replaced."""
    inside = bundle["instance"].items()
    settings = InstanceChange().fields
    lasting = {name: value for name, value in inside if name not in settings}
    return len(json.dumps({**bundle, "instance": lasting}))
