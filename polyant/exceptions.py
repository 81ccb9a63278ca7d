"""What a verb may refuse, in words for the person who asked. ``api`` gives each its status.

A message names what is wrong and what to do next, and never holds a part of a value.
"""


class Refusal(Exception):
    """Root of what the domain refuses. ``message`` is for people, ``code`` for programs."""

    code = "refused"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(Refusal):
    """The request is understood and wrong: 400, at ``path`` of its body."""

    code = "invalid"

    def __init__(self, message: str, *, path: str = "", code: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.code = code or self.code


class Missing(Refusal, LookupError):
    """What is named does not exist, or not for this caller: 404."""

    code = "not_found"


class Conflict(Refusal):
    """What is stored stands in the way: 409."""

    code = "conflict"
