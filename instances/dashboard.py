"""What needs attention, for the admin's first page.

An app adds what it finds in its ``admin`` module: ``dashboard.sources.append(findings)``. A source
gets the instances that the person may see, and takes one query however many those are.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from enum import Enum
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Count, F, QuerySet, Value
from django.urls import reverse
from django.utils import timezone

from instances.admin import InstanceAdmin
from instances.models import AccessToken, Instance
from instances.pages import address
from polyant.encryption.conf import get_keyring
from polyant.encryption.fields import EncryptedField
from polyant.encryption.stored import all_encrypted_fields, stored_rows

SOON = timedelta(days=7)
MOST_NAMED = 3


class Kind(Enum):
    """Why something needs attention, the most urgent first, and what to do about it."""

    UNREADABLE = (
        "Cannot be read",
        "Their key is not configured here, or they are damaged. Restore it, or enter them again.",
    )
    LACKING = (
        "Not configured",
        "Until these keys are set, the instance cannot do what it is there for.",
    )
    ENDING = ("Ends soon", "Make another token, and give it to the program that uses this one.")
    OLD = ("Set over a year ago", "Renew them at the provider, then enter the new ones.")

    def __init__(self, title: str, advice: str) -> None:
        self.title = title
        self.advice = advice


class Finding(NamedTuple):
    """One line: ``subject`` links to ``url``, the page on which to correct it."""

    kind: Kind
    subject: str
    words: str
    url: str


class Topic(NamedTuple):
    """The findings of one kind, of which the page shows ``shown``."""

    kind: Kind
    shown: list[Finding]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.shown)


Source = Callable[[QuerySet[Instance]], Iterable[Finding]]
sources: list[Source] = []


def examine(user: User, most: int | None) -> list[Topic]:
    """All that needs this person's attention; of each kind at most ``most`` lines."""
    visible = Instance.objects.visible_to(user, None).order_by()
    found = [*_ending(user)]
    for source in (_unreadable, *sources):
        found += source(visible)
    return [_topic(kind, found, most) for kind in Kind if any(each.kind is kind for each in found)]


def not_renewed(noun: str, page: str, rows: Iterable[tuple[Any, str, str]]) -> Iterator[Finding]:
    """A line for each instance with old credentials. ``rows``, sorted, has the instance's id, its
    slug and the name of one credential."""
    for (pk, slug), group in groupby(rows, key=itemgetter(0, 1)):
        names = [name for _, _, name in group]
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        count = f"{len(names)} {noun}{'s' if len(names) > 1 else ''}"
        words = f"{count}: {', '.join(names[:MOST_NAMED])}{more}"
        yield Finding(Kind.OLD, slug, words, address(page, pk))


def _topic(kind: Kind, found: list[Finding], most: int | None) -> Topic:
    ours = sorted((each for each in found if each.kind is kind), key=lambda each: each.subject)
    return Topic(kind, ours[:most], len(ours))


def _unreadable(visible: QuerySet[Instance]) -> Iterator[Finding]:
    """Values whose key is not here. The stored text names the key it needs: nothing is opened.

    Fields are found by type, so a model that is added tomorrow needs no further code.
    """
    fields = {_place(each): each for each in all_encrypted_fields() if _owner(each)}
    queries = [_per_instance(each, visible) for each in fields.values()]
    rows = queries[0].union(*queries[1:], all=True) if queries else ()
    for pk, slug, place, number in rows:
        page = _page_for(fields[place].model)
        words = f"{page[1]}: {number} value{'s' if number > 1 else ''}"
        yield Finding(Kind.UNREADABLE, slug, words, address(page[0], pk))


def _per_instance(field: EncryptedField, visible: QuerySet[Instance]) -> QuerySet[Any, Any]:
    owner = _owner(field)
    rows = stored_rows(field, get_keyring().key_ids).order_by()
    rows = rows.filter(**{f"{owner}__in": visible.values("pk")})
    place = Value(_place(field), models.TextField())
    named = rows.values(pk_of=F(f"{owner}_id"), slug=F(f"{owner}__slug"), place=place)
    counted: QuerySet[Any, Any] = named.annotate(number=Count("pk"))
    return counted.values_list("pk_of", "slug", "place", "number")


def _place(field: EncryptedField) -> str:
    return f"{field.model._meta.db_table}.{field.column}"


def _owner(field: EncryptedField) -> str:
    """The bound column that names the instance; "" where there is none."""
    bound = (each for each in field.bound_columns if each.related_model is Instance)
    return next((each.name for each in bound), "")


def _page_for(model: type[models.Model]) -> tuple[str, str]:
    """Name and label of the page on which the rows of a model are entered."""
    pages = ((page.name, page.label) for page in InstanceAdmin.pages if page.model is model)
    return next(pages, ("change", str(model._meta.verbose_name_plural)))


def _ending(user: User) -> Iterator[Finding]:
    """The person's own tokens, except those of a sign-in, which are meant to be short-lived."""
    now = timezone.now()
    tokens = AccessToken.objects.filter(
        user=user, expires_at__gt=now, expires_at__lte=now + SOON, password_mark=""
    )
    for label, expires_at in tokens.values_list("label", "expires_at"):
        url = reverse("admin:instances_accesstoken_changelist")
        words = f"expires on {expires_at:%Y-%m-%d}"
        yield Finding(Kind.ENDING, f"Token {label or 'without a label'}", words, url)
