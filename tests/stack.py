"""Room on Python's own stack, so that no test runs at the edge of one of its pieces.

CPython keeps the frames of calls in pieces of 16 KB and gives a piece back to the system as soon
as its first frame has ended (``push_chunk`` in Python/pystate.c). A loop whose calls begin at the
edge asks the kernel for memory at every turn: that was a third of all page faults of
tests/instances, which cost most where the machine is a virtual one.
"""

from collections.abc import Callable
from typing import Any

_SLOTS = 70_000  # of 8 bytes; the piece of such a frame has a megabyte, and the rest of it is free


def with_room(call: Callable[..., Any], **arguments: Any) -> Any:
    """The same as to call it."""
    return call(**arguments)


with_room.__code__ = with_room.__code__.replace(co_stacksize=_SLOTS)
