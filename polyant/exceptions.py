"""What the verbs refuse, in words for the person who asked. ``api`` gives each its status.

A message names what is wrong and what to do next, and never contains a part of a value.
"""

from collections.abc import Iterable


def one_of(names: Iterable[str]) -> str:
    """What to say where something else was given than one of these."""
    return f"Use one of: {', '.join(names)}."


class Refusal(Exception):
    """Root of what the domain refuses. ``message`` is for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(Refusal):
    """The request is wrong at ``path`` of its body: 400. ``code`` is for programs."""

    def __init__(self, message: str, *, path: str = "", code: str = "invalid") -> None:
        super().__init__(message)
        self.path, self.code = path, code


class Missing(Refusal, LookupError):
    """What is named does not exist, or this caller may not see it: 404."""


class Conflict(Refusal):
    """The request conflicts with what is stored: 409."""
