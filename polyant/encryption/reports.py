"""Reports of the commands, for people and for programs. Names and figures, never a value."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from polyant.encryption.conf import get_keyring
from polyant.encryption.inventory import MALFORMED, Inventory, rows_per_key, total
from polyant.encryption.rotation import Report
from polyant.encryption.stored import Unreadable

Stored = dict[str, Counter[str]]


def rotation_as_json(report: Report) -> str:
    stored = rows_per_key()
    return json.dumps(
        {
            "dryRun": report.dry_run,
            "rotated": report.rotated,
            "unreadable": [row.to_json() for row in report.unreadable],
            "left": report.left,
            "rows": stored,
            "removable": _removable(stored),
        }
    )


def rotation_as_text(report: Report) -> str:
    stored = rows_per_key()
    verb = "would be re-encrypted" if report.dry_run else "re-encrypted"
    lines = [f"{table}: {in_words(rows)} {verb}" for table, rows in report.rotated.items()]
    if report.left:
        lines.append(
            f"{in_words(report.left)} still under another key: another process wrote there, or"
            " keeps a lock. Run it again"
        )
    lines += [*_unreadable(report.unreadable), *_rows(stored)]
    return "\n".join([*lines, *_fallbacks(stored, report.unreadable)])


def inventory_as_json(inventory: Inventory) -> str:
    primary, *fallbacks = get_keyring().key_ids
    return json.dumps(
        {
            "keys": {"primary": primary, "fallbacks": fallbacks},
            "readable": inventory.readable,
            "unreadable": [row.to_json() for row in inventory.unreadable],
            "unreadableCounts": [
                {"table": table, "keyId": key_id, "state": state, "rows": rows}
                for (table, key_id, state), rows in _counted(inventory.unreadable)
            ],
        }
    )


def inventory_as_text(inventory: Inventory) -> str:
    ok = [
        f"{table}: {in_words(rows)} readable with key {key_id}"
        for table, readable in inventory.readable.items()
        for key_id, rows in sorted(readable.items())
    ]
    lines = [*ok, *_unreadable(inventory.unreadable)]
    lines += _fallbacks(rows_per_key(), inventory.unreadable)
    return "\n".join([*lines, f"{in_words(len(inventory.unreadable))} unreadable"])


def wiping_as_json(unreadable: Sequence[Unreadable], *, checklist: str, deleted: int) -> str:
    lost = [{**row.to_json(), "parts": row.parts} for row in unreadable]
    return json.dumps({"unreadable": lost, "checklist": checklist, "deleted": deleted})


def wiping_as_text(unreadable: Sequence[Unreadable], *, checklist: str, deleted: int) -> str:
    if not checklist:
        return f"{in_words(len(unreadable))} unreadable; nothing was deleted."
    return f"{in_words(deleted)} deleted. What to enter again is in {checklist} and its .json twin."


def in_words(rows: int) -> str:
    """A number of rows: "1 row", "2 rows"."""
    return f"{rows} row" if rows == 1 else f"{rows} rows"


def _counted(rows: Sequence[Unreadable]) -> list[tuple[tuple[str, str, str], int]]:
    """How many there are per table, key id and state."""
    return sorted(Counter((row.table, row.key_id, row.state) for row in rows).items())


def _unreadable(rows: Sequence[Unreadable]) -> Iterator[str]:
    yield from (f"unreadable: {row}" for row in rows)
    for (table, key_id, state), number in _counted(rows):
        named = f"{state} {key_id}".strip()
        yield f"{table}: {in_words(number)} unreadable: {named}"


def _rows(stored: Stored) -> Iterator[str]:
    for table, rows in stored.items():
        for key_id, number in sorted(rows.items()):
            under = "in another format" if key_id == MALFORMED else f"under key {key_id}"
            yield f"{table}: {in_words(number)} {under}"


def _fallbacks(stored: Stored, unreadable: Sequence[Unreadable]) -> Iterator[str]:
    primary, *fallbacks = get_keyring().key_ids
    yield f"ENCRYPTION_KEY is {primary}"
    needed, useless = total(stored), Counter(row.key_id for row in unreadable)
    for key_id in fallbacks:
        if not needed[key_id]:
            yield f"fallback {key_id}: may be removed"
        elif needed[key_id] <= useless[key_id]:
            yield f"fallback {key_id}: named only by rows that do not open, listed above"
        else:
            yield f"fallback {key_id}: still needed"


def _removable(stored: Stored) -> list[str]:
    """The fallbacks that no row needs. A backup may."""
    return [key_id for key_id in get_keyring().key_ids[1:] if not total(stored)[key_id]]
