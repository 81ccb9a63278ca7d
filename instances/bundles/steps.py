"""An import by hand: look first, then do exactly what was shown.

The bundle waits in the confirmation page itself, as a draft (``polyant.encryption.draft``).
"""

import hashlib
import json
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from instances.bundles import importing
from instances.bundles.forms import BundleForm, unpack
from instances.bundles.importing import Outcome
from instances.bundles.sections import WarningType
from instances.models import Instance
from polyant.encryption.draft import DraftRefused, open_draft, seal_draft
from polyant.exceptions import Refusal

FOLDER = "admin/instances/bundles"


class ImportSteps:
    """Upload, look, confirm: what the two imports share. ``onto`` is None for a new instance."""

    request: HttpRequest
    onto: Instance | None
    user: Any

    def show(self, template: str = "", **context: Any) -> HttpResponse:
        raise NotImplementedError

    def begin(self) -> str:
        """The address of the upload."""
        raise NotImplementedError

    def confirmation(self) -> str:
        """The address that takes the confirmation."""
        raise NotImplementedError

    def refused(self, refusal: Refusal) -> HttpResponse:
        """The answer if another user was faster."""
        raise NotImplementedError

    def step(self) -> HttpResponse:
        """What this page does with a form that is sent to it."""
        raise NotImplementedError

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.step()
        except Refusal as refusal:
            return self.refused(refusal)

    def look(self) -> HttpResponse:
        """What the upload would do; nothing is done yet."""
        form = BundleForm(self.request.POST, self.request.FILES)
        if not form.is_valid():
            return self.show(form=form)
        return self.plan(form.bundle, form.packed)

    def plan(self, bundle: dict[str, Any], packed: str, *, again: bool = False) -> HttpResponse:
        """The page that asks. ``again`` if another user was faster than the confirmation."""
        outcome = importing.plan(bundle, self.user, self.onto)
        draft = seal_draft({"packed": packed, "shown": _shown(outcome)}, **self.bound)
        address = {"confirmation": self.confirmation(), "begin": self.begin()}
        context = {**described(outcome), "parts": _parts(outcome), "again": again, "draft": draft}
        return self.show(f"{FOLDER}/plan.html", page_label="Confirm", **context, **address)

    def confirm(self) -> HttpResponse:
        """Do what was shown, all of it, or show what it would be now."""
        try:
            draft = open_draft(self.request.POST.get("draft", ""), **self.bound)
        except DraftRefused as error:
            messages.error(self.request, str(error))
            return redirect(self.begin())
        bundle = unpack(draft["packed"])
        with transaction.atomic():
            outcome = importing.apply(bundle, self.user, self.onto)
            stale = _shown(outcome) != draft["shown"]
            transaction.set_rollback(stale)
            if not stale:
                self.record(outcome)
        return self.plan(bundle, draft["packed"], again=True) if stale else self.finish(outcome)

    def record(self, outcome: Outcome) -> None:
        """Note it in the admin's own history."""
        raise NotImplementedError

    def finish(self, outcome: Outcome) -> HttpResponse:
        """The answer to an import that was done: what a person has to do now."""
        raise NotImplementedError

    @property
    def bound(self) -> dict[str, Any]:
        """Whose draft it is, and for what."""
        return {
            "purpose": "import",
            "user": self.user.pk,
            "owner": self.onto.pk if self.onto else "new instance",
        }


def described(outcome: Outcome) -> dict[str, Any]:
    """An outcome for the templates; the warnings that ask for something are separate."""
    parted: dict[bool, list[str]] = {True: [], False: []}
    for warning in outcome.warnings:
        parted[warning["type"] == WarningType.UNSUPPORTED].append(warning["message"])
    return {"outcome": outcome, "required": parted[False], "unsupported": parted[True]}


def _shown(outcome: Outcome) -> str:
    """What a person has seen of an outcome, as a digest: the draft has to fit into a form."""
    seen = json.dumps([outcome.slug, outcome.changes, outcome.warnings])
    return hashlib.sha256(seen.encode()).hexdigest()


def _parts(outcome: Outcome) -> list[tuple[str, list[str]]]:
    """The changes, grouped for people."""
    labels = {"channels": "Channels", "skillEnv": "Skill env"}
    groups: dict[str, list[str]] = {}
    for change in outcome.changes:
        part, _, name = change.partition("/")
        label = labels.get(part, part) if name else "General"
        groups.setdefault(label, []).append(name or _label(part))
    return list(groups.items())


def _label(field: str) -> str:
    if field == "bundle_extras":
        return "what is only kept for the next export"
    return str(Instance._meta.get_field(field).verbose_name)  # type: ignore[union-attr]
