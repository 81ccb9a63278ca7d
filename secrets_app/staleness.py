"""Whether rows are still as a person saw them."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import QuerySet

from secrets_app.exceptions import ChangedMeanwhile


def refuse_stale(rows: QuerySet[Any], touched: Collection[str], seen: Mapping[str, str]) -> None:
    """Raises ChangedMeanwhile unless the rows of these keys are as ``seen`` has them."""
    rows = rows.defer("value").filter(key__in=touched).order_by("key")
    # Locked, so that nobody writes between this look and our own writing.
    stamps = {row.key: row.stamp for row in rows.select_for_update()}
    if changed := [key for key in touched if stamps.get(key) != seen.get(key)]:
        raise ChangedMeanwhile(changed)
