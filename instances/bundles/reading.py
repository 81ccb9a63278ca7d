"""A bundle from a file, for commands and pages; over HTTP, the parser and the views do this."""

from typing import Any

from rest_framework.exceptions import ParseError, ValidationError

from instances.bundles import MAX_BYTES
from instances.bundles.serializers import Bundle
from polyant.api import faults
from polyant.parsers import parse_json


class Unreadable(Exception):
    """A text that is no bundle. ``faults`` has the ``path`` and the ``message`` of each fault."""

    def __init__(self, faults: list[dict[str, str]]) -> None:
        super().__init__(faults[0]["message"])
        self.faults = faults


def read_bundle(raw: bytes) -> dict[str, Any]:
    """The validated data of a bundle.

    Raises:
        Unreadable: it is too large, not JSON, or not a bundle.
    """
    if len(raw) > MAX_BYTES:
        raise Unreadable([{"path": "", "message": f"A bundle has at most {MAX_BYTES:,} bytes."}])
    try:
        serializer = Bundle(data=parse_json(raw))
        serializer.is_valid(raise_exception=True)
    except ParseError as error:
        raise Unreadable([{"path": "", "message": str(error.detail)}]) from None
    except ValidationError as error:
        raise Unreadable(faults(error)) from None
    return dict(serializer.validated_data)
