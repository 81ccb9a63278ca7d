"""Lists of the admin whose queries no address can make costly."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = object

# Each word is a condition, and SQLite nests a thousand of them at most.
_LONGEST_SEARCH = 200


class CarefulList(ModelAdmin):
    """Allows what the filters of the list ask for and a short search, nothing else in an address.

    A regular expression could take for ever, and anyone who sees a row could send one; a range
    with one end would fail.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        name, _, kind = lookup.partition("__")
        return name in self.list_filter and kind in {"exact", "isnull"}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, search_term[:_LONGEST_SEARCH])
