"""The Channels tab of an instance. The rows themselves are not registered: they have no form."""

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from channels_app.catalog import CHANNEL_TYPES, ChannelType
from channels_app.findings import old
from channels_app.forms import ChannelForm
from channels_app.managers import find_type
from channels_app.models import InstanceChannel
from instances import dashboard
from instances.admin import InstanceAdmin
from instances.forms import focus_first_error
from instances.models import Instance
from instances.pages import InstancePage
from instances.roles import Role
from polyant.encryption.conf import get_keyring
from polyant.encryption.draft import reopen_form, seal_draft
from polyant.encryption.exceptions import DecryptionError, UnknownEncryptionKey
from polyant.exceptions import Invalid, Missing

_NEEDS_KEY = "The stored credentials need encryption key {}, which is not configured here."
_REMEDY = " Add it to ENCRYPTION_KEY_FALLBACKS, or enter them again below, or delete the channel."
_DAMAGED = "The stored credentials were altered, or copied from another row; no key opens them."
_ENTER = " Enter them again below, or delete the channel."


class ChannelsPage(InstancePage):
    """A form for each type of channel."""

    name = path = "channels"
    label = "Channels"
    model = InstanceChannel
    template_name = "admin/channels_app/channels.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            kind = find_type(request.POST.get("channel", ""))
            with transaction.atomic():
                # Locked from reading the row to writing it: nobody else changes it in between.
                Instance.objects.lock(self.instance)
                return self._save(kind)
        except Missing:
            return self._gone()

    def _save(self, kind: ChannelType) -> HttpResponse:
        waiting, refused = self._waiting(kind)
        form = self._form(kind, self.request.POST, waiting)
        if refused:
            form.add_error(None, refused)
        if form.is_valid() and not form.has_changes:
            return self.done("Nothing was entered, so nothing was changed.", level=messages.INFO)
        row = self._stored(form) if form.is_valid() else None
        if row is None:
            return self._page(form)
        return self._saved(form, row)

    def _saved(self, form: ChannelForm, row: InstanceChannel) -> HttpResponse:
        state = "enabled" if row.enabled else "disabled"
        what = f"{'replaced' if form.problem else 'saved'} and {state}"
        names = f" ({', '.join(form.changes)})" if form.changes else ""
        line = f"Channels: {form.kind.slug}: {what}{names}."
        self.admin.log_change(self.request, self.instance, line)
        return self.done(f"{form.kind.label} is {what}.")

    def _stored(self, form: ChannelForm) -> InstanceChannel | None:
        """Hand it to the verb; None where that refuses, with the reason in the form."""
        if not form.problem and (problem := _why_unopened(form.row)):
            form.break_off(problem)
            return None
        try:
            return self._write(form)
        except Invalid as refusal:
            form.add_error(None, refusal.message)
        return None

    def _write(self, form: ChannelForm) -> InstanceChannel:
        verbs, instance, kind, by = InstanceChannel.objects, self.instance, form.kind, self.user
        if form.problem:
            enabled = bool(form.cleaned_data["enabled"])
            return verbs.replace(instance, kind, form.whole, by, enabled=enabled)
        return verbs.connect(instance, kind, form.changes, by, enabled=form.switched)

    def _waiting(self, kind: ChannelType) -> tuple[dict[str, str], str]:
        """What an earlier round of this form left in its draft, or why it cannot be used."""
        return reopen_form(self.request.POST.get("draft", ""), **self._bound(kind))

    def _bound(self, kind: ChannelType) -> dict[str, Any]:
        purpose = f"channel {kind.slug}"
        return {"purpose": purpose, "user": self.user.pk, "owner": self.instance.pk}

    def _page(self, failed: ChannelForm | None = None) -> HttpResponse:
        forms = [
            failed if failed and failed.kind is kind else self._blank(kind)
            for kind in CHANNEL_TYPES.values()
        ]
        focus_first_error(failed)
        kept = failed.keep() if failed else {}
        draft = seal_draft(kept, **self._bound(failed.kind)) if failed and kept else ""
        foreign = [row for slug, row in self._rows.items() if slug not in CHANNEL_TYPES]
        return self.show(forms=forms, failed=failed, draft=draft, foreign=foreign)

    def _blank(self, kind: ChannelType) -> ChannelForm:
        row = self._rows.get(kind.slug)
        return ChannelForm(kind, row, problem=self._missing_key(row))

    def _form(self, kind: ChannelType, data: Any, waiting: dict[str, str]) -> ChannelForm:
        row = self._rows.get(kind.slug)
        # If the credentials open, to replace them would only destroy them.
        problem = _why_unopened(row) if "replace" in data else ""
        return ChannelForm(kind, row, data, waiting, problem)

    @cached_property
    def _rows(self) -> dict[str, InstanceChannel]:
        """The rows as they are when first read, which a form does while it has the lock."""
        return InstanceChannel.objects.rows_by_type(self.instance)

    def _missing_key(self, row: InstanceChannel | None) -> str:
        """Which key the credentials need that is not here, and what to do. Opens nothing."""
        # A loaded row holds a stored value, which knows the key it needs.
        key_id = row.credentials.key_id if row else None  # type: ignore[attr-defined]
        if key_id is None or key_id in get_keyring().key_ids:
            return ""
        what, remedy = (_NEEDS_KEY.format(key_id), _REMEDY) if key_id else (_DAMAGED, _ENTER)
        return what + (remedy if self.allows(self.to_change) else "")

    def _gone(self) -> HttpResponse:
        if Instance.objects.filter(pk=self.instance.pk).exists():
            return self.done("There is no such channel; nothing was saved.", level=messages.ERROR)
        return self.gone()


class DisconnectPage(InstancePage):
    """Asks, then deletes a channel with its credentials, readable or not."""

    name = "channels_disconnect"
    path = "channels/<str:kind>/disconnect"
    tab = "channels"
    to_see = Role.EDITOR
    template_name = "admin/channels_app/disconnect.html"

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        try:
            row = InstanceChannel.objects.describe(self.instance, kind)
        except Missing as missing:
            return self.done(str(missing), level=messages.WARNING)
        stored = [member for member in row.kind.members if member.name in row.named_parts]
        return self.show(page_label="Delete", row=row, stored=stored)

    def post(self, request: HttpRequest, kind: str) -> HttpResponse:
        try:
            with transaction.atomic():
                InstanceChannel.objects.disconnect(self.instance, kind, self.user)
                self.admin.log_change(request, self.instance, f"Channels: deleted {kind}.")
        except Missing as missing:
            return self.done(str(missing), level=messages.WARNING)
        label = CHANNEL_TYPES[kind].label if kind in CHANNEL_TYPES else kind
        return self.done(f"{label} is deleted.")


def _why_unopened(row: InstanceChannel | None) -> str:
    """Why the credentials do not open, and what to do; "" where they do, or there are none."""
    try:
        if row:
            row.credentials.reveal()
    except UnknownEncryptionKey as error:
        return _NEEDS_KEY.format(error.key_id) + _REMEDY
    except DecryptionError:
        return _DAMAGED + _ENTER
    return ""


InstanceAdmin.pages += [ChannelsPage, DisconnectPage]
dashboard.sources.append(old)
