"""``{% attention %}``: what needs attention, on the admin's first page."""

from typing import Any

from django import template

from instances.dashboard import examine
from instances.models import Instance

MOST = 10

register = template.Library()


@register.inclusion_tag("admin/instances/attention.html", takes_context=True)
def attention(context: dict[str, Any]) -> dict[str, Any]:
    """The findings by topic; ``?all`` in the address shows every line."""
    request = context["request"]
    topics = examine(request.user, None if "all" in request.GET else MOST)
    is_empty = not topics and not Instance.objects.visible_to(request.user, None).exists()
    return {"topics": topics, "user": request.user, "is_empty": is_empty}
