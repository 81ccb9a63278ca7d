"""Reports of the commands, for people and for programs. Names and figures, never a value."""

import json
from collections.abc import Iterator

from polyant.encryption.conf import get_keyring
from polyant.encryption.inventory import Inventory, rows_per_key
from polyant.encryption.rotation import Report
from polyant.encryption.stored import Unreadable


def rotation_as_json(report: Report) -> str:
    return json.dumps(
        {
            "rotated": report.rotated,
            "unreadable": [row._asdict() for row in report.unreadable],
            "left": report.left,
            "rows": rows_per_key(),
            "removable": _removable(),
        }
    )


def rotation_as_text(report: Report) -> str:
    rotated = [f"{table}: {rows} rows re-encrypted" for table, rows in report.rotated.items()]
    if report.left:
        rotated.append(f"{report.left} rows were written meanwhile under another key: run it again")
    return "\n".join([*rotated, *_unreadable(report.unreadable), *_rows(), *_fallbacks()])


def inventory_as_json(inventory: Inventory) -> str:
    primary, *fallbacks = get_keyring().key_ids
    return json.dumps(
        {
            "keys": {"primary": primary, "fallbacks": fallbacks},
            "readable": inventory.readable,
            "unreadable": [row._asdict() for row in inventory.unreadable],
        }
    )


def inventory_as_text(inventory: Inventory) -> str:
    ok = [
        f"{table}: {rows} rows open with key {key_id}"
        for table, readable in inventory.readable.items()
        for key_id, rows in sorted(readable.items())
    ]
    closing = f"{len(inventory.unreadable)} rows do not open"
    return "\n".join([*ok, *_unreadable(inventory.unreadable), *_fallbacks(), closing])


def _unreadable(rows: list[Unreadable]) -> list[str]:
    return [f"unreadable: {row}" for row in rows]


def _rows() -> Iterator[str]:
    for table, rows in rows_per_key().items():
        for key_id, number in sorted(rows.items()):
            yield f"{table}: {number} rows under key {key_id}"


def _fallbacks() -> Iterator[str]:
    primary, *fallbacks = get_keyring().key_ids
    removable = _removable()
    yield f"ENCRYPTION_KEY is {primary}"
    for key_id in fallbacks:
        yield f"fallback {key_id}: {'may be removed' if key_id in removable else 'still needed'}"


def _removable() -> list[str]:
    """The fallbacks that no row needs. A backup may."""
    needed = {key_id for rows in rows_per_key().values() for key_id in rows}
    return [key_id for key_id in get_keyring().key_ids[1:] if key_id not in needed]
