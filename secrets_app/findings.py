"""What the admin's first page says about secrets: keys that are lacking, and keys that are old."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from operator import itemgetter

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from instances.dashboard import Finding, Kind, link
from instances.models import Instance
from secrets_app.catalog import LASTING_KEYS
from secrets_app.models import InstanceSecret

YEAR = timedelta(days=365)
MOST_NAMED = 3

_NO_PROVIDER = "needs the key of a provider: openai_api_key or anthropic_api_key"
_LACKS = "needs {}_api_key"


def lacking(visible: QuerySet[Instance]) -> Iterator[Finding]:
    """Active instances without the key of their provider, or of the observer they switched on."""
    secrets = InstanceSecret.objects.filter(instance=OuterRef("pk"))
    rows = visible.filter(status=Instance.Status.ACTIVE).annotate(
        openai=Exists(secrets.filter(key="openai_api_key")),
        anthropic=Exists(secrets.filter(key="anthropic_api_key")),
        langsmith=Exists(secrets.filter(key="langsmith_api_key")),
    )
    needy = rows.filter(
        Q(provider=Instance.Provider.OPENAI, openai=False)
        | Q(provider=Instance.Provider.ANTHROPIC, anthropic=False)
        | Q(openai=False, anthropic=False)
        | Q(langsmith_enabled=True, langsmith=False)
    )
    columns = ("pk", "slug", "provider", "openai", "anthropic", "langsmith_enabled", "langsmith")
    for pk, slug, provider, openai, anthropic, wants_langsmith, langsmith in needy.values_list(
        *columns
    ):
        has = {"openai": openai, "anthropic": anthropic}
        if provider and not has[provider]:
            yield _finding(slug, pk, _LACKS.format(provider))
        elif not any(has.values()):
            yield _finding(slug, pk, _NO_PROVIDER)
        if wants_langsmith and not langsmith:
            yield _finding(slug, pk, _LACKS.format("langsmith"))


def old(visible: QuerySet[Instance]) -> Iterator[Finding]:
    """The keys of an instance that nobody has renewed for a year."""
    rows = InstanceSecret.objects.filter(
        instance__in=visible.values("pk"), updated_at__lt=timezone.now() - YEAR
    ).exclude(key__in=LASTING_KEYS)
    named = rows.order_by("instance_id", "key").values_list("instance_id", "instance__slug", "key")
    for (pk, slug), group in groupby(named, key=itemgetter(0, 1)):
        words = _count([key for _, _, key in group])
        yield Finding(Kind.OLD, slug, words, link("secrets", pk))


def _count(keys: list[str]) -> str:
    """How many there are, and the names of the first."""
    named, more = keys[:MOST_NAMED], len(keys[MOST_NAMED:])
    names = ", ".join(named) + (f" and {more} more" if more else "")
    return f"{len(keys)} key{'s' if len(keys) > 1 else ''}: {names}"


def _finding(slug: str, pk: object, words: str) -> Finding:
    return Finding(Kind.LACKING, slug, words, link("secrets", pk))
