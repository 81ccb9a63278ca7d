"""Instances in the admin. Membership decides who sees and does what, as over REST."""

from collections.abc import Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, DateTimeField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from instances import tokens_admin, users_admin  # noqa: F401  (they register themselves)
from instances.audit import Action
from instances.bundles.pages import BundlePage, ConfirmNewPage, ConfirmPage, DownloadPage, NewPage
from instances.changelists import CarefulList
from instances.forms import InstanceForm, focus_first_error
from instances.members_page import MembersPage, RemoveMemberPage
from instances.models import AuditEntry, Instance
from instances.pages import AuditPage, InstancePage, address, gone, signed_in
from instances.roles import Role
from instances.tokens_page import TokensPage, WithdrawTokenPage
from polyant.exceptions import Missing, Refusal

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Instance]
else:
    ModelAdmin = admin.ModelAdmin


_PEOPLE_SAY = {"skill_env": "variables", "memberships": "members"}


@admin.register(Instance)
class InstanceAdmin(CarefulList, ModelAdmin):
    """Every save goes through the verbs of ``Instance.objects``; Django's rows are only shown."""

    pages: ClassVar[list[type[InstancePage]]] = [
        MembersPage, RemoveMemberPage, TokensPage, WithdrawTokenPage, AuditPage,
        BundlePage, ConfirmPage, DownloadPage,
    ]  # fmt: skip

    # The page that the list leads to.
    opens_on: ClassVar[str] = "change"

    form = InstanceForm
    fields = (
        "slug", "name", "description", "status", "provider", "model", "auth_enabled",
        "langsmith_enabled", "langsmith_content",
    )  # fmt: skip
    list_display = ("link", "slug", "status", "secrets_set", "last_change")
    list_display_links = None
    list_filter = ("status", "provider")
    search_fields = ("name", "slug")
    ordering = ("slug",)
    actions = None
    delete_confirmation_template = "admin/instances/instance/delete.html"
    change_form_template = "admin/instances/instance/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        """The pages below an instance, before Django's catch-all."""
        below = [
            path(
                f"<uuid:pk>/{page.path}/",
                self.admin_site.admin_view(page.as_view(model_admin=self)),
                name=f"instances_instance_{page.name}",
            )
            for page in self.pages
        ]
        beside = [
            path(
                page.path,
                self.admin_site.admin_view(page.as_view(model_admin=self)),
                name=f"instances_instance_{page.name}",
            )
            for page in (NewPage, ConfirmNewPage)
        ]
        return [*below, *beside, *super().get_urls()]

    def tabs(self, instance: Instance, current: str = "change") -> list[dict[str, Any]]:
        """The tabs that this person has on an instance; ``current`` is the one shown."""
        role = Role(instance.role)  # type: ignore[attr-defined]
        seen = [page for page in self.pages if page.label and role.allows(page.to_see)]
        tabs = [(page.position, page.label, page.name) for page in seen]
        in_order = sorted([(0, "General", "change"), *tabs], key=itemgetter(0))
        return [
            {"label": label, "url": address(name, instance.pk), "is_current": name == current}
            for _, label, name in in_order
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Instance]:
        """What the person may see, with their role and the figures of the list."""
        # An export takes something out, and changes nothing.
        changes = AuditEntry.objects.exclude(action=Action.INSTANCE_EXPORTED)
        newest = changes.filter(instance_id=OuterRef("pk")).order_by("-pk")
        visible = Instance.objects.visible_to(signed_in(request), None)
        return visible.order_by(*self.ordering).annotate(
            secrets_count=Count("secrets"),
            changed_at=Coalesce(
                Subquery(newest.values("at")[:1]), "updated_at", output_field=DateTimeField()
            ),
        )

    @admin.display(description="Name", ordering="name")
    def link(self, instance: Instance) -> SafeString:
        """The name, linked to the page that people mostly want (``opens_on``)."""
        return format_html(
            '<a href="{}">{}</a>', address(self.opens_on, instance.pk), instance.name
        )

    @admin.display(description="Secrets set", ordering="secrets_count")
    def secrets_set(self, instance: Instance) -> int:
        """How many keys have a value."""
        return int(instance.secrets_count)  # type: ignore[attr-defined]

    @admin.display(description="Last change (UTC)")
    def last_change(self, instance: Instance) -> str:
        """When anything under the instance was changed last."""
        return f"{instance.changed_at:%Y-%m-%d %H:%M}"  # type: ignore[attr-defined]

    def get_readonly_fields(self, request: HttpRequest, obj: Instance | None = None) -> list[str]:
        return ["slug"] if obj else []

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Instance | None = None) -> bool:
        return obj is None or _allows(request, obj, Role.VIEWER)

    def has_change_permission(self, request: HttpRequest, obj: Instance | None = None) -> bool:
        return obj is None or _allows(request, obj, Role.EDITOR)

    def has_delete_permission(self, request: HttpRequest, obj: Instance | None = None) -> bool:
        return obj is None or _allows(request, obj, Role.ADMIN)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        return gone(self.admin_site, request)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """For those who may read the audit trail, because the history tells the same."""
        instance = self.get_object(request, object_id)
        if instance is not None and not _allows(request, instance, Role.ADMIN):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def save_model(self, request: HttpRequest, obj: Instance, form: Any, change: bool) -> None:
        if not change:
            obj.pk = Instance.objects.establish(signed_in(request), **form.changes).pk
        elif form.changes:
            Instance.objects.change(obj, signed_in(request), **form.changes)

    def delete_model(self, request: HttpRequest, obj: Instance) -> None:
        Instance.objects.remove(obj, signed_in(request))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """How much is deleted with an instance, as figures; Django would load every row."""
        counts = {name: count for each in objs for name, count in _count_below(each)}
        return [str(each) for each in objs], counts, set(), []

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        original = context["object"]
        page = {"original": original, "title": original.name, "page_label": "Delete"}
        return super().render_delete_form(
            request, {**context, **page, "pages": self.tabs(original), "subtitle": None}
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """As Django's, but what a verb refuses (another user was faster) is told, not a 500."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return redirect("admin:instances_instance_changelist")

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """As Django's; of two deletions at one moment the second finds that it is gone."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except Missing:
            return gone(self.admin_site, request)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if original := context.get("original"):
            context |= {"pages": self.tabs(original), "title": original.name, "subtitle": None}
        context["show_save_and_add_another"] = False
        focus_first_error(context["adminform"].form)
        return super().render_change_form(request, context, *args, **kwargs)


def _allows(request: HttpRequest, instance: Instance, needed: Role) -> bool:
    """By the role that the query found; it is looked up again for a row made just now."""
    role = getattr(instance, "role", None)
    if role is None:
        found = Instance.objects.visible_to(signed_in(request), None).filter(pk=instance.pk).first()
        role = getattr(found, "role", None)
    return role is not None and Role(role).allows(needed)


def _count_below(instance: Instance) -> Iterator[tuple[str, int]]:
    """How many rows of each kind are deleted with an instance, by the names people use."""
    for relation in Instance._meta.related_objects:
        if relation.many_to_many:
            continue  # A token outlives the instances that it names.
        rows = relation.related_model._default_manager.filter(**{relation.field.name: instance})
        name = str(relation.get_accessor_name())
        plural = _PEOPLE_SAY.get(name, name)
        if number := rows.count():
            yield plural if number > 1 else plural.removesuffix("s"), number
