"""The Settings tab: the secrets of an instance. Their rows are not registered, and have no form."""

from django.http import HttpRequest, HttpResponse

from instances import dashboard
from instances.admin import InstanceAdmin
from instances.roles import Role
from secrets_app.findings import lacking, old
from secrets_app.forms import PasteForm, SecretsForm
from secrets_app.models import InstanceSecret
from secrets_app.pasting import read_env
from secrets_app.plan import Plan
from secrets_app.planned_pages import DecisionPage, FormPage, PlannedPage
from secrets_app.skill_env_pages import ConfirmSkillPage, SkillEnvPage, SkillPage


class _Secrets(PlannedPage):
    """The secrets of an instance."""

    tab = home = "secrets"
    confirmation = "secrets_confirm"
    noun = "secret"
    subject = "Secrets"

    def rows(self) -> dict[str, InstanceSecret]:
        return InstanceSecret.objects.rows_by_key(self.instance)

    def carry_out(self, plan: Plan) -> None:
        InstanceSecret.objects.apply(
            self.instance, plan.values, plan.removals, self.user, seen=plan.seen
        )


class SecretsPage(_Secrets, FormPage):
    """Every key of an instance: what is set, since when and by whom."""

    name = path = "secrets"
    label = "Settings"
    position = -1
    model = InstanceSecret
    template_name = "admin/secrets_app/secrets.html"
    form = SecretsForm


class PastePage(_Secrets):
    """A whole ``.env`` at once."""

    name = "secrets_paste"
    path = "secrets/paste"
    template_name = "admin/secrets_app/paste.html"
    to_see = Role.EDITOR

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(form=PasteForm(), blank=PasteForm(), page_label="Paste a .env")

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PasteForm(request.POST)
        if not form.is_valid():
            return self.show(form=form, blank=PasteForm(), page_label="Paste a .env")
        pasted = read_env(form.cleaned_data["text"])
        rows = self.rows()
        seen = {key: row.stamp for key, row in rows.items() if key in pasted.values}
        plan = Plan(pasted.values, [], seen, len(pasted.faults))
        return self.confirm(plan, rows, pasted.faults)


class ConfirmPage(_Secrets, DecisionPage):
    """The decision on a plan for secrets."""

    name = "secrets_confirm"
    path = "secrets/confirm"


InstanceAdmin.pages += [
    SecretsPage, PastePage, ConfirmPage, SkillEnvPage, SkillPage, ConfirmSkillPage,
]  # fmt: skip
InstanceAdmin.opens_on = SecretsPage.name
dashboard.sources += [lacking, old]
