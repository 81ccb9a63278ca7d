"""API tokens in the admin. A token's text is shown once, on the page that creates it.

It never travels through the session or the messages cookie: the form is answered with the page
that shows it. Reloading that page asks to send the form again, and then replaces the token.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from instances.changelists import CarefulList
from instances.forms import focus_first_error
from instances.models import AccessToken
from instances.pages import gone, signed_in
from instances.token_form import TokenForm
from polyant.exceptions import Missing

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[AccessToken]
else:
    ModelAdmin = admin.ModelAdmin

_MOST_NAMED = 3


@admin.register(AccessToken)
class AccessTokenAdmin(CarefulList, ModelAdmin):
    """One's own tokens; a superuser finds everybody's. They are made and ended, never changed."""

    list_display = ("name", "reach", "made", "expires", "end")
    list_display_links = None
    search_fields = ("label", "user__username")
    ordering = ("-created_at",)
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessToken]:
        """The tokens that this person may see and end."""
        tokens = super().get_queryset(request).select_related("user").prefetch_related("instances")
        return tokens if signed_in(request).is_superuser else tokens.filter(user=signed_in(request))

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        name, *others = self.list_display
        return (name, "user", *others) if signed_in(request).is_superuser else self.list_display

    @admin.display(description="Label", ordering="label")
    def name(self, token: AccessToken) -> str:
        return token.label or "without a label"

    @admin.display(description="May use")
    def reach(self, token: AccessToken) -> str:
        """The first instances that it names."""
        if not token.is_limited:
            return "whatever its owner may"
        slugs = sorted(instance.slug for instance in token.instances.all())
        more = len(slugs) - _MOST_NAMED
        named = ", ".join(slugs[:_MOST_NAMED]) or "nothing any more"
        return f"{named} and {more} more" if more > 0 else named

    @admin.display(description="Made", ordering="created_at")
    def made(self, token: AccessToken) -> str:
        return f"{token.created_at:%Y-%m-%d}"

    @admin.display(description="Expires", ordering="expires_at")
    def expires(self, token: AccessToken) -> str:
        if token.has_ended_with_password:
            return "ended with the password"
        is_over = token.expires_at <= timezone.now()
        return f"{token.expires_at:%Y-%m-%d}{', is over' if is_over else ''}"

    @admin.display(description="")
    def end(self, token: AccessToken) -> SafeString:
        url = reverse("admin:instances_accesstoken_delete", args=[token.pk])
        name = self.name(token)
        words = '<a href="{}">End<span class="visually-hidden"> {}</span>…</a>'
        return format_html(words, url, name)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Access tokens"})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        return (
            obj is None or signed_in(request).is_superuser or obj.user_id == signed_in(request).pk
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form, and the answer to it: the new token, this once."""
        wanted = {"instances": request.GET.getlist("instance")}
        form = TokenForm(signed_in(request), request.POST or None, initial=wanted)
        if not form.is_valid():
            return self._show(request, "make", "Make a token", form=form)
        try:
            text, token = self._issue(request, form)
        except Missing:
            form.add_error("instances", "One of them does not exist any more.")
            return self._show(request, "make", "Make a token", form=form)
        limited = list(form.limits or ())
        where = f"/api/instances/{limited[0].slug}/secrets" if limited else "/api/instances"
        context = {"text": text, "token": token, "reach": self.reach(token)}
        url = request.build_absolute_uri(where)
        return self._show(request, "made", "This is the new token", url=url, **context)

    @transaction.atomic
    def _issue(self, request: HttpRequest, form: TokenForm) -> tuple[str, AccessToken]:
        text, token = AccessToken.objects.issue(
            signed_in(request),
            timedelta(days=form.cleaned_data["days"]),
            instances=form.limits,
            label=form.cleaned_data["label"],
            form=form.cleaned_data["form"],
        )
        self.log_addition(request, token, [{"added": {}}])
        return text, token

    def _show(
        self, request: HttpRequest, template: str, title: str, **context: Any
    ) -> HttpResponse:
        focus_first_error(context.get("form"))
        context |= {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        return TemplateResponse(request, f"admin/instances/accesstoken/{template}.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """A token cannot be changed, and the list shows everything about it."""
        return redirect("admin:instances_accesstoken_changelist")

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        return gone(self.admin_site, request, is_token=True)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        messages.success(request, f"The {obj_display} is ended.")
        return redirect("admin:instances_accesstoken_changelist")

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        return [str(each) for each in objs], {}, set(), []
