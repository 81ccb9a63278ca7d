"""Pages below an instance in the admin: what they share.

An app adds its own in its ``admin`` module: ``InstanceAdmin.pages.append(SecretsPage)``.
"""

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views import View

from instances.audit import AuditEntry
from instances.forms import focus_first_error
from instances.models import Instance
from instances.roles import Role
from polyant.authentication import SAFE_METHODS

if TYPE_CHECKING:
    from instances.admin import InstanceAdmin


class InstancePage(View):
    """One page of one instance, for its members.

    ``label`` puts it among the tabs; without one it is a step of another page, its ``tab``.
    """

    model_admin: "InstanceAdmin | None" = None
    name: ClassVar[str]
    path: ClassVar[str]
    template_name: ClassVar[str]
    label: ClassVar[str] = ""
    tab: ClassVar[str] = ""
    home: ClassVar[str] = ""
    to_see: ClassVar[Role] = Role.VIEWER
    to_change: ClassVar[Role] = Role.EDITOR
    # Place among the tabs, where "General" has 0: what the instance has, then who may touch it.
    position: ClassVar[int] = 0
    # The model whose rows are entered here, so that others can send people to the right place.
    model: ClassVar[type[Model] | None] = None

    instance: Instance

    def dispatch(self, request: HttpRequest, pk: UUID, **kwargs: Any) -> HttpResponseBase:
        found = self.admin.get_queryset(request).filter(pk=pk).first()
        if found is None:
            return self.gone()
        self.instance = found
        if not self.allows(self.to_see if request.method in SAFE_METHODS else self.to_change):
            raise PermissionDenied
        return super().dispatch(request, **kwargs)

    @property
    def admin(self) -> "InstanceAdmin":
        assert self.model_admin is not None, "as_view() got it"
        return self.model_admin

    @property
    def user(self) -> User:
        return signed_in(self.request)

    def allows(self, needed: Role) -> bool:
        """True where the person's role in this instance may do what ``needed`` may."""
        return Role(self.instance.role).allows(needed)  # type: ignore[attr-defined]

    def show(self, template: str = "", **context: Any) -> HttpResponse:
        """The page, or a step of it, in the admin's frame, with the tabs."""
        focus_first_error(context.get("form"))
        context = {
            **self.admin.admin_site.each_context(self.request),
            "opts": self.admin.opts,
            "original": self.instance,
            "title": self.instance.name,
            "pages": self.admin.tabs(self.instance, self.tab or self.name),
            "page_label": self.label,
            "can_change": self.allows(self.to_change),
            **context,
        }
        return TemplateResponse(self.request, template or self.template_name, context)

    def done(self, message: str, level: int = messages.SUCCESS) -> HttpResponse:
        """Redirect to the page it began on, with a message, so that reloading repeats nothing."""
        messages.add_message(self.request, level, message)
        return redirect(self.address(self.home or self.tab or self.name))

    def address(self, name: str) -> str:
        """The URL of another page of this instance."""
        return address(name, self.instance.pk)

    def gone(self) -> HttpResponse:
        """The answer for an instance that does not exist, or not for this person."""
        return gone(self.admin.admin_site, self.request)


def signed_in(request: HttpRequest) -> User:
    """The person at a page of the admin."""
    assert isinstance(request.user, User), "admin_view lets nobody else in"
    return request.user


def address(page: str, pk: Any) -> str:
    """The address of a page of the instance that has this id."""
    return reverse(f"admin:instances_instance_{page}", args=[pk])


def gone(site: AdminSite, request: HttpRequest, **context: Any) -> HttpResponse:
    """The page for what does not exist, or not for this person; by default an instance."""
    context |= {**site.each_context(request), "title": "Not found"}
    template = "admin/instances/instance/gone.html"
    return TemplateResponse(request, template, context, status=HTTPStatus.NOT_FOUND)


class AuditPage(InstancePage):
    """Who changed what, by name."""

    name = path = "audit"
    label = "Audit trail"
    template_name = "admin/instances/instance/audit.html"
    to_see = Role.ADMIN
    position = 2
    size = 100

    def get(self, request: HttpRequest) -> HttpResponse:
        before = request.GET.get("before", "")
        # At most 18 digits: more would not fit a database's integer.
        start = int(before) if re.fullmatch(r"[0-9]{1,18}", before) else None
        entries = list(AuditEntry.objects.listing(self.instance, limit=self.size, before=start))
        older = entries[-1].pk if len(entries) == self.size else None
        return self.show(entries=entries, older=older)
