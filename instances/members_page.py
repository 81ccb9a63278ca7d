"""The Members tab of an instance: its members see each other, its admins decide."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from instances.models import Instance, Membership
from instances.pages import InstancePage
from instances.roles import Role
from polyant.exceptions import Conflict, Missing, Refusal, one_of


class MemberForm(forms.Form):
    """Who gets which role. ``seen`` is the role that the page showed, blank for no member."""

    # Never rendered with what was typed: it may have been a password, or another secret.
    username = forms.CharField(
        max_length=150, error_messages={"required": "Enter the name of a user."}
    )
    role = forms.ChoiceField(choices=Role.choices, error_messages={"invalid_choice": one_of(Role)})
    seen = forms.ChoiceField(choices=Role.choices, required=False)


class MembersPage(InstancePage):
    """Who may touch the instance, and a form to add a member."""

    name = path = "members"
    label = "Members"
    template_name = "admin/instances/instance/members.html"
    to_change = Role.ADMIN
    position = 1

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        form = MemberForm(request.POST)
        try:
            with transaction.atomic():
                # Locked from reading the role to writing it: nobody else changes it in between.
                Instance.objects.lock(self.instance)
                return self._save(form) if form.is_valid() else self._page(form)
        except Missing:
            return self.gone()

    def _save(self, form: MemberForm) -> HttpResponse:
        username, role, seen = (form.cleaned_data[name] for name in ("username", "role", "seen"))
        now = self._role_of(username)
        if now == role:
            return self.done(f"{username} is {role} already.", level=messages.INFO)
        if now != seen:
            form.add_error(None, _stale(username, now))
            return self._page(form)
        try:
            Membership.objects.assign(self.instance, username, Role(role), self.user)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
            return self._page(form)
        self.admin.log_change(self.request, self.instance, f"Members: {username} is {role}.")
        return self.done(f"{username} is {role} now.")

    def _role_of(self, username: str) -> str:
        members = Membership.objects.filter(instance=self.instance, user__username=username)
        return members.values_list("role", flat=True).first() or ""

    def _page(self, form: MemberForm | None = None) -> HttpResponse:
        """``form`` was refused; the roles are shown as they are now."""
        members = Membership.objects.listing(self.instance)
        is_addition = form is not None and not form.data.get("seen")
        chosen = form.data.get("role") if form and is_addition else Role.VIEWER
        return self.show(form=form, members=members, roles=[*Role], chosen=chosen)


class RemoveMemberPage(InstancePage):
    """Asks, then ends a membership."""

    name = "members_remove"
    path = "members/<path:username>/remove"
    tab = "members"
    template_name = "admin/instances/instance/member_remove.html"
    to_see = to_change = Role.ADMIN

    def get(self, request: HttpRequest, username: str) -> HttpResponse:
        members = Membership.objects.listing(self.instance)
        member = members.filter(user__username=username).first()
        if member is None:
            return self.done("No member has this name.", level=messages.WARNING)
        return self.show(page_label="Remove", member=member)

    def post(self, request: HttpRequest, username: str) -> HttpResponse:
        try:
            with transaction.atomic():
                Membership.objects.remove(self.instance, username, self.user)
                self.admin.log_change(request, self.instance, f"Members: removed {username}.")
        except Missing as missing:
            return self.done(missing.message, level=messages.WARNING)
        except Conflict as conflict:
            return self.done(
                f"{username} is still a member. {conflict.message}", level=messages.ERROR
            )
        return self._removed(username)

    def _removed(self, username: str) -> HttpResponse:
        if username != self.user.get_username() or self.user.is_superuser:
            return self.done(f"{username} is no longer a member.")
        messages.success(self.request, f"You are no longer a member of {self.instance.name}.")
        return redirect("admin:instances_instance_changelist")


def _stale(username: str, now: str) -> str:
    if now:
        return f"{username} is a member already, as {now}; the list shows it. Decide again."
    return f"{username} was removed by somebody else just now. To let them in again, add them."
