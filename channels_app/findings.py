"""What the admin's first page says about channels: credentials that are old."""

from collections.abc import Iterator

from django.db.models import QuerySet

from channels_app.models import InstanceChannel
from instances.dashboard import Finding, not_renewed
from instances.models import Instance
from instances.renewal import latest_due


def old(visible: QuerySet[Instance]) -> Iterator[Finding]:
    """The channels of an instance whose credentials nobody has renewed for a year."""
    rows = InstanceChannel.objects.filter(
        instance__in=visible.values("pk"), updated_at__lt=latest_due()
    ).exclude(credential_names=[])
    named = rows.order_by("instance_id", "channel_type")
    columns = ("instance_id", "instance__slug", "channel_type")
    return not_renewed("channel", "channels", named.values_list(*columns))
