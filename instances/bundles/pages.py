"""Export and import in the admin: below an instance, and for a new one at the list."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views import View

from instances.bundles.forms import BundleForm
from instances.bundles.importing import Outcome
from instances.bundles.steps import FOLDER, ImportSteps, described
from instances.bundles.views import download
from instances.models import Instance
from instances.pages import InstancePage, signed_in
from instances.roles import Role
from polyant.exceptions import Missing, Refusal


class _OntoPage(InstancePage, ImportSteps):
    """Import onto the instance of the address."""

    tab = "bundle"
    to_change = Role.ADMIN

    @property
    def onto(self) -> Instance:  # type: ignore[override]
        return self.instance

    def begin(self) -> str:
        return self.address("bundle")

    def confirmation(self) -> str:
        return self.address("bundle_confirm")

    def refused(self, refusal: Refusal) -> HttpResponse:
        if isinstance(refusal, Missing):
            return self.gone()
        return self.done(refusal.message, level=messages.ERROR)

    def record(self, outcome: Outcome) -> None:
        self.admin.log_change(self.request, self.instance, "Imported a bundle.")

    def finish(self, outcome: Outcome) -> HttpResponse:
        return self.show(f"{FOLDER}/done.html", **imported(outcome))


class BundlePage(_OntoPage):
    """Download the bundle of an instance, or upload one."""

    name = path = "bundle"
    label = "Export and import"
    template_name = f"{FOLDER}/bundle.html"
    position = 1

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(form=BundleForm())

    def step(self) -> HttpResponse:
        return self.look()


class ConfirmPage(_OntoPage):
    """Takes the confirmation; it has no page of its own."""

    name = "bundle_confirm"
    path = "bundle/confirm"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.done("Nothing waits to be confirmed.", level=messages.INFO)

    def step(self) -> HttpResponse:
        return self.confirm()


class DownloadPage(InstancePage):
    """The bundle as a file."""

    name = "bundle_download"
    path = "bundle/download"
    tab = "bundle"

    def get(self, request: HttpRequest) -> HttpResponse:
        return download(request.method, self.instance, self.user)


class NewPage(ImportSteps, View):
    """Import a bundle as a new instance, from the list of instances."""

    model_admin: Any = None
    name = "import"
    path = "import/"
    onto = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.model_admin.has_add_permission(request):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(form=BundleForm())

    def step(self) -> HttpResponse:
        return self.look()

    def refused(self, refusal: Refusal) -> HttpResponse:
        messages.error(self.request, refusal.message)
        return redirect(self.begin())

    @property
    def user(self) -> User:
        return signed_in(self.request)

    def show(self, template: str = "", **context: Any) -> HttpResponse:
        context = {
            **self.model_admin.admin_site.each_context(self.request),
            "frame": f"{FOLDER}/frame.html",
            "title": "Import an instance",
            **context,
        }
        return TemplateResponse(self.request, template or f"{FOLDER}/new.html", context)

    def begin(self) -> str:
        return reverse("admin:instances_instance_import")

    def confirmation(self) -> str:
        return reverse("admin:instances_instance_import_confirm")


class ConfirmNewPage(NewPage):
    """Takes the confirmation of a new instance."""

    name = "import_confirm"
    path = "import/confirm/"

    def get(self, request: HttpRequest) -> HttpResponse:
        messages.info(request, "Nothing waits to be confirmed.")
        return redirect(self.begin())

    def step(self) -> HttpResponse:
        return self.confirm()

    def record(self, outcome: Outcome) -> None:
        instance = Instance.objects.get(slug=outcome.slug)
        self.model_admin.log_addition(self.request, instance, "Imported a bundle.")

    def finish(self, outcome: Outcome) -> HttpResponse:
        instance = Instance.objects.visible_to(self.user, None).get(slug=outcome.slug)
        pages = self.model_admin.tabs(instance, "bundle")
        context = {**imported(outcome), "original": instance, "pages": pages}
        frame = "admin/instances/instance/page.html"
        return self.show(f"{FOLDER}/done.html", frame=frame, title=instance.name, **context)


def imported(outcome: Outcome) -> dict[str, Any]:
    """The context of the page that follows an import."""
    return {**described(outcome), "page_label": "Imported", "is_done": True}
