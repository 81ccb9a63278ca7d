"""Reading a pasted ``.env``: names and values, and what is wrong by line, never by content."""

import re
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError

from polyant.names import validate_is_a_name
from secrets_app.validators import (
    MAX_BATCH,
    validate_secret_key,
    validate_value,
)

_ASSIGNMENT = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>[^\s=#'"]+)[ \t]*=[ \t]*"""
    r"""(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)')[ \t]*(?:\#[^\n]*)?$"""
    r"""|^[ \t]*(?:export[ \t]+)?(?P<bare_name>[^\s=#'"]+)[ \t]*=[ \t]*(?P<bare>[^\n]*)$""",
    re.MULTILINE | re.DOTALL,
)
# An open quote or bracket; the other openings need no pattern.
_OPEN = re.compile(
    r"""[^=]*=[ \t]*(?:(?P<quote>"[^"]*(?:"[^"]*"[^"]*)*|'[^']*(?:'[^']*'[^']*)*)"""
    r"""|(?P<bracket>\{[^}]*|\[[^]]*))\Z"""
)
_CLOSING = {
    "block": re.compile(r"-----END.*"),
    "line": re.compile(r"(?<!\\)$", re.MULTILINE),
    "bracket": re.compile(r"^[}\]].*", re.MULTILINE),
    "quote": re.compile(r"\Z"),
}
_ONGOING = (
    "This value goes on after its line: put all of it in quotes, and close them. Nothing was read"
    " up to line {last}."
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "$": "$"}
_TWICE = "This name has more than one line, and none of them is used. Keep one of them."
_HALF_QUOTED = "Something follows the closing quote. Put all of the value into one pair of quotes."


@dataclass(frozen=True)
class Fault:
    """A line that cannot be stored. ``key`` is given only if it is surely a name."""

    line: int
    message: str
    key: str = ""


@dataclass
class Pasted:
    """What a text holds. ``lines``: where each name came first. ``repr`` has no value."""

    values: dict[str, str] = field(default_factory=dict, repr=False)
    faults: list[Fault] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)


def read_env(text: str) -> Pasted:
    """Take a text apart: ``NAME=value``, ``export``, quotes over several lines, ``#`` comments.

    Names become lowercase, as keys are here: ``OPENAI_API_KEY`` is ``openai_api_key``.
    """
    # Editors on Windows put a byte order mark in front.
    pasted, text = Pasted(), text.removeprefix("\ufeff").replace("\r\n", "\n")
    position, line = 0, 1
    while position < len(text):
        end = _read_entry(pasted, text, position, line)
        line += text.count("\n", position, end) + 1
        position = end + 1
    pasted.faults.sort(key=lambda fault: fault.line)
    return pasted


def _read_entry(pasted: Pasted, text: str, start: int, line: int) -> int:
    """Read the entry that begins at ``start``, in this line; the position of its end."""
    match = _ASSIGNMENT.match(text, start)
    end = match.end() if match else _line_end(text, start)
    entry = text[start:end].strip()
    if not entry or entry.startswith("#"):
        return end
    if opening := _opening(match, text[start:end]):
        end = _end(opening, text, end)
        last = line + text.count("\n", start, end)
        pasted.faults.append(Fault(line, _ONGOING.format(last=last)))
    elif match:
        _take(pasted, line, match)
    else:
        pasted.faults.append(Fault(line, "This is not of the form NAME=value."))
    return end


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end == -1 else end


def _opening(match: re.Match[str] | None, line: str) -> str:
    """What makes a value without quotes go on after its line; "" where it ends there.

    The lines after it may look like ``NAME=value``, with parts of a secret as names.
    """
    if match and match["bare"] is None:
        return ""
    if line.rfind("-----BEGIN") > line.rfind("-----END"):
        return "block"
    if line.endswith("\\"):
        return "line"
    found = _OPEN.match(line)
    return (found.lastgroup or "") if found else ""


def _end(opening: str, text: str, start: int) -> int:
    closing = _CLOSING[opening].search(text, start)
    return closing.end() if closing else len(text)


def _take(pasted: Pasted, line: int, match: re.Match[str]) -> None:
    key = (match["name"] or match["bare_name"]).lower()
    try:
        validate_secret_key(key)
        validate_is_a_name(match["name"] or match["bare_name"])
    except ValidationError as error:
        # The name is not repeated: a value may have slipped into its place.
        pasted.faults.append(Fault(line, error.messages[0]))
        return
    value = _value(match)
    if fault := _nameless_fault(match, value):
        pasted.faults.append(Fault(line, fault))
        return
    if key in pasted.lines:
        _refuse_both(pasted, line, key)
    elif fault := _fault(pasted, match, value):
        pasted.faults.append(Fault(line, fault, key))
    else:
        pasted.values[key] = value
    pasted.lines.setdefault(key, line)


def _nameless_fault(match: re.Match[str], value: str) -> str:
    """What is wrong with a line that looks like the end of a wrapped base64 text."""
    if not value.strip("="):
        return "It has no value."
    if match["bare"] and not re.search(r"\w", value):
        return "Put a value without letters or digits in quotes."
    return ""


def _refuse_both(pasted: Pasted, line: int, key: str) -> None:
    """Refuse both lines: programs that read such files differ on which one counts."""
    pasted.faults.append(Fault(line, _TWICE, key))
    if pasted.values.pop(key, None) is not None:
        pasted.faults.append(Fault(pasted.lines[key], _TWICE, key))


def _fault(pasted: Pasted, match: re.Match[str], value: str) -> str:
    if match["bare"] and value[0] in "\"'":
        return _HALF_QUOTED
    if len(pasted.values) == MAX_BATCH:
        return f"At most {MAX_BATCH} at once; paste the rest afterwards."
    try:
        validate_value(value)
    except ValidationError as error:
        return str(error.messages[0])
    return ""


def _value(match: re.Match[str]) -> str:
    if match["double"] is not None:
        # Any other backslash stays: programs disagree on it, and nothing may be lost.
        return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), match["double"])
    if match["single"] is not None:
        return match["single"]
    return re.split(r"(?:^|[ \t])#", match["bare"], maxsplit=1)[0].rstrip()
