"""How many completions this process has under way at once.

A completion occupies a thread of the server for as long as the provider takes. One thread is left
free, if there are several, so that a secret can still be set or deleted while everybody chats.
"""

import weakref
from threading import BoundedSemaphore

from django.conf import settings

from polyant.openai_errors import OpenAIError

_free = BoundedSemaphore(settings.COMPLETIONS_AT_ONCE)


class Slot:
    """The room for one completion, until it is closed or collected. To close it twice is fine.

    Raises:
        OpenAIError: there is no room.
    """

    def __init__(self) -> None:
        if not _free.acquire(blocking=False):
            told = "Too many completions are under way here; try again."
            raise OpenAIError(503, "too_busy", told, retry_after=1)
        self.close = weakref.finalize(self, _free.release)
