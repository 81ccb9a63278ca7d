"""What the admin's first page says about secrets: keys that are lacking, and keys that are old."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from instances.dashboard import Finding, Kind, not_renewed
from instances.models import Instance
from instances.pages import address
from instances.renewal import latest_due
from secrets_app.catalog import LASTING_KEYS
from secrets_app.models import InstanceSecret, InstanceSkillEnv

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
    """The keys of an instance, and sensitive variables, that nobody has renewed for a year."""
    due = {"instance__in": visible.values("pk"), "updated_at__lt": latest_due()}
    keys = InstanceSecret.objects.filter(**due).exclude(key__in=LASTING_KEYS)
    variables = InstanceSkillEnv.objects.filter(**due, sensitive=True)
    rows = _named(keys, "secrets", F("key")).union(
        _named(variables, "skill_env", Concat("skill_slug", Value("/"), "key")), all=True
    )
    nouns = {"secrets": "key", "skill_env": "variable"}
    for page, group in groupby(rows.order_by("page", "pk_of", "name"), key=itemgetter(0)):
        yield from not_renewed(nouns[page], page, (row[1:] for row in group))


def _named(rows: QuerySet[Any], page: str, name: Any) -> QuerySet[Any, Any]:
    named = rows.order_by().values(
        page=Value(page, TextField()),
        pk_of=F("instance_id"),
        slug=F("instance__slug"),
        name=Cast(name, TextField()),
    )
    return named.values_list("page", "pk_of", "slug", "name")


def _finding(slug: str, pk: object, words: str) -> Finding:
    return Finding(Kind.LACKING, slug, words, address("secrets", pk))
