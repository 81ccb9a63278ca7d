"""What the verbs on secrets refuse."""

from collections.abc import Iterable

from polyant.exceptions import Conflict, Missing, Refusal


class MissingSecret(Missing):
    """No row for a key. ``key`` says which, so that a consumer can say what to set.

    The message does not: over HTTP, a value may have been pasted in the place of the name.
    """

    def __init__(self, key: str) -> None:
        super().__init__("No secret of this name is configured; names are in lowercase.")
        self.key = key

    def __str__(self) -> str:
        return f"{self.key} is not configured for this instance."


class ChangedMeanwhile(Conflict):
    """Keys that were written or removed after the person looked. Nothing was done."""

    def __init__(self, keys: Iterable[str]) -> None:
        super().__init__(f"Changed meanwhile: {', '.join(sorted(keys))}.")


class StaysSensitive(Conflict):
    """A readable value for a variable that is stored as sensitive. Nothing was done."""

    def __init__(self, place: str = "") -> None:
        told = "a variable that is stored as sensitive stays so; delete it first to store it"
        super().__init__(f"{place}{told} readable.")


class NotStarted(Refusal):
    """A program was not started, for one reason or several. The exit codes are those of `env`."""

    def __init__(self, *faults: str, exit_code: int = 125) -> None:
        super().__init__("\n".join(faults))
        self.exit_code = exit_code
