"""How many completions this process has under way at once.

A completion occupies a thread of the server for as long as the provider takes. One thread is left
free, if there are several, so that a secret can still be set or deleted while everybody chats; and
one instance gets at most half of the others, rounded up, so that its callers leave room for those
of other instances, unless there is room for one only.
"""

import weakref
from threading import Lock
from uuid import UUID

from django.conf import settings

from instances.models import Instance
from polyant.openai_errors import OpenAIError

# Whose each slot is, by the slot's identity. Entries go one by one and without the lock: a slot may
# be forgotten, and then closed, in the middle of anything.
_held: dict[int, UUID] = {}
_taking = Lock()


class Slot:
    """The room for one completion, until it is closed or collected. To close it twice is fine.

    Raises:
        OpenAIError: there is none, or none for this instance.
    """

    def __init__(self, instance: Instance) -> None:
        with _taking:
            _refuse_too_many(instance)
            _held[id(self)] = instance.pk
        self.close = weakref.finalize(self, _held.pop, id(self), None)


def _refuse_too_many(instance: Instance) -> None:
    most, taken = settings.COMPLETIONS_AT_ONCE, [*_held.values()]
    if len(taken) >= most:
        raise _too_busy("Too many completions are under way here; try again.")
    if taken.count(instance.pk) >= (most + 1) // 2:
        raise _too_busy(
            "This instance has as many completions under way here as one may have; try again when"
            " one of them is over."
        )


def _too_busy(told: str) -> OpenAIError:
    return OpenAIError(503, "too_busy", told, retry_after=1)
