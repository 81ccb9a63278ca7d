"""Pages whose form is a plan: drafts, the confirmation, and carrying it out."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from instances.pages import InstancePage
from polyant.encryption.draft import DraftRefused, open_draft, reopen_form, seal_draft
from polyant.exceptions import Invalid, Missing
from secrets_app.entries import EntriesForm
from secrets_app.exceptions import ChangedMeanwhile, StaysSensitive
from secrets_app.pasting import Fault
from secrets_app.plan import Plan

_MOST_FAULTS = 100
_STAYS_SENSITIVE = (
    "Nothing was saved: a variable that is stored as sensitive stays so. Remove it first to store"
    " it readable."
)
_WHITESPACE = "Stored as it is, but it begins or ends with a space or a line break: {keys}."


class PlannedPage(InstancePage):
    """What the steps share. ``home`` and ``confirmation`` are the names of two of them."""

    confirmation: ClassVar[str]
    noun: ClassVar[str]
    plan: ClassVar[type[Plan]] = Plan

    @property
    def subject(self) -> str:
        """What it is about: for the history, and to keep the drafts of different subjects apart."""
        raise NotImplementedError

    def rows(self) -> dict[str, Any]:
        """The stored rows by key, as they are now."""
        raise NotImplementedError

    def carry_out(self, plan: Any) -> None:
        """Do all of it, or nothing.

        Raises:
            ChangedMeanwhile: a key of the plan is not as the person saw it.
        """
        raise NotImplementedError

    def seal(self, content: Any, step: str) -> str:
        """A draft for this person, this subject and this step."""
        return seal_draft(content, **self._bound(step))

    def open(self, step: str) -> Any:
        """The content of the draft that came with the request.

        Raises:
            DraftRefused: it cannot be used.
        """
        return open_draft(self.request.POST.get("draft", ""), **self._bound(step))

    def confirm(
        self, plan: Plan, rows: dict[str, Any], faults: Sequence[Fault] = ()
    ) -> HttpResponse:
        """Ask, with names only, about what would be done to the rows as they are now."""
        renewed = plan.renewed(rows)
        return self.show(
            "admin/secrets_app/confirm.html",
            page_label="Confirm",
            lines=plan.lines(rows, self.user),
            action=renewed.action(self.noun),
            faults=faults[:_MOST_FAULTS],
            more_faults=plan.left_out - len(faults[:_MOST_FAULTS]),
            plan=renewed,
            draft=self.seal(renewed.to_draft(), "plan") if renewed else "",
            noun=self.noun,
            home=self.address(self.home),
            confirmation=self.address(self.confirmation),
        )

    def do(self, plan: Plan, rows: dict[str, Any]) -> HttpResponse:
        """Carry out the plan, or ask again if a row has changed since the page was shown."""
        if plan.is_stale(rows):
            return self.confirm(plan, rows)
        try:
            with transaction.atomic():
                self.carry_out(plan)
                self.admin.log_change(self.request, self.instance, f"{self.subject}: {plan.done}")
        except ChangedMeanwhile:
            return self.confirm(plan, self.rows())
        except StaysSensitive:
            return self.done(_STAYS_SENSITIVE, level=messages.ERROR)
        except Invalid as refusal:
            return self.done(refusal.message, level=messages.ERROR)
        except Missing:
            return self.gone()
        if padded := [key for key, value in plan.values.items() if value != value.strip()]:
            messages.warning(self.request, _WHITESPACE.format(keys=", ".join(padded)))
        return self.done(plan.done)

    def _bound(self, step: str) -> dict[str, Any]:
        purpose = f"{self.subject} {step}"
        return {"purpose": purpose, "user": self.user.pk, "owner": self.instance.pk}


class FormPage(PlannedPage):
    """The form itself. Values only go in."""

    form: ClassVar[type[EntriesForm]]

    def get(self, request: HttpRequest, **_: Any) -> HttpResponse:
        return self.show(form=self.form(self.rows()))

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        rows = self.rows()
        waiting, refused = self._waiting()
        form = self.form(rows, request.POST, waiting)
        if refused:
            form.add_error(None, refused)
        if not form.is_valid():
            return self._again(form)
        if not form.plan:
            return self.done("Nothing was entered, so nothing was changed.", level=messages.INFO)
        return self.confirm(form.plan, rows) if form.plan.removals else self.do(form.plan, rows)

    def _waiting(self) -> tuple[dict[str, str], str]:
        """What an earlier round of this form left in its draft, or why it cannot be used."""
        return reopen_form(self.request.POST.get("draft", ""), **self._bound("form"))

    def _again(self, form: EntriesForm) -> HttpResponse:
        """The page with its messages. What was valid waits in a draft; nothing is rendered."""
        kept = form.keep()
        return self.show(form=form, draft=self.seal(kept, "form") if kept else "")


class DecisionPage(PlannedPage):
    """Takes the decision. The plan comes sealed; there is no page to look at."""

    template_name = "admin/secrets_app/confirm.html"

    def get(self, request: HttpRequest, **_: Any) -> HttpResponse:
        return self.done("Nothing waits to be confirmed.", level=messages.INFO)

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        try:
            plan = self.plan.from_draft(self.open("plan"))
        except DraftRefused as error:
            return self.done(str(error), level=messages.ERROR)
        return self.do(plan, self.rows())
