"""The Skill env tab of an instance: the skills that have variables, and a form for each."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from instances import converters  # noqa: F401  (registers the URL converters)
from instances.pages import InstancePage
from secrets_app.models import InstanceSkillEnv
from secrets_app.plan import EnvPlan
from secrets_app.planned_pages import DecisionPage, FormPage, PlannedPage
from secrets_app.skill_env_forms import SkillEnvForm, SkillForm


class SkillEnvPage(InstancePage):
    """Which skills have which variables, and the way to another skill."""

    name = "skill_env"
    path = "skill-env"
    label = "Skill env"
    model = InstanceSkillEnv
    template_name = "admin/secrets_app/skill_env.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(SkillForm(auto_id="%s"))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SkillForm(request.POST, auto_id="%s")
        if not form.is_valid():
            return self._page(form)
        return redirect(_address("skill", self, form.cleaned_data["skill"]))

    def _page(self, form: SkillForm) -> HttpResponse:
        return self.show(form=form, skills=InstanceSkillEnv.objects.skills(self.instance))


class _Skill(PlannedPage):
    """The variables of one skill."""

    tab = "skill_env"
    home = "skill"
    confirmation = "skill_confirm"
    noun = "variable"
    plan = EnvPlan

    @property
    def skill(self) -> str:
        return str(self.kwargs["skill"])

    @property
    def subject(self) -> str:
        return f"Skill env of {self.skill}"

    def address(self, name: str) -> str:
        return _address(name, self, self.skill)

    def rows(self) -> dict[str, InstanceSkillEnv]:
        return InstanceSkillEnv.objects.rows_by_key(self.instance, self.skill)

    def carry_out(self, plan: EnvPlan) -> None:
        InstanceSkillEnv.objects.apply(
            self.instance, self.skill, plan.entries, plan.removals, self.user, seen=plan.seen
        )

    def show(self, template: str = "", **context: Any) -> HttpResponse:
        return super().show(template, **{"page_label": self.skill, **context}, skill=self.skill)


class SkillPage(_Skill, FormPage):
    """A skill's variables: sensitive values only go in, readable ones are edited."""

    name = "skill"
    path = "skill-env/<instance_slug:skill>"
    template_name = "admin/secrets_app/skill.html"
    form = SkillEnvForm


class ConfirmSkillPage(_Skill, DecisionPage):
    """The decision on a plan for a skill."""

    name = "skill_confirm"
    path = "skill-env/<instance_slug:skill>/confirm"


def _address(name: str, page: InstancePage, skill: str) -> str:
    return reverse(f"admin:instances_instance_{name}", args=[page.instance.pk, skill])
