"""How long a credential may serve before it should be renewed."""

from datetime import datetime, timedelta

from django.utils import timezone

_YEAR = timedelta(days=365)


def latest_due() -> datetime:
    """What was set before this moment is due."""
    return timezone.now() - _YEAR
