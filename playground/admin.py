"""The Playground tab of an instance: whether its key works, and what it answers."""

import json

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from instances.admin import InstanceAdmin
from instances.pages import InstancePage
from instances.roles import Role
from playground import completions
from playground.forms import MessageForm
from playground.providers import PROVIDERS
from playground.traces import text_of
from polyant.encryption.exceptions import DecryptionError
from polyant.openai_errors import OpenAIError
from secrets_app.models import InstanceSecret

# The problems that a new key may solve; the page's script reads them from the page.
_ABOUT_KEY = ("missing_api_key", "provider_refused_key", "unusable_api_key", "unreadable_secret")


class PlaygroundPage(InstancePage):
    """Sends a message to the instance's provider and shows the answer.

    The page's script asks ``/v1/chat/completions``, as every client does, and shows the answer as
    it arrives. Without a script the form is sent here, and the page shows the whole answer.
    """

    name = path = "playground"
    label = "Playground"
    template_name = "admin/playground/playground.html"
    to_change = Role.VIEWER

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(MessageForm(), problem=self._problem())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = MessageForm(request.POST)
        if not form.is_valid():
            return self._page(form, problem=self._problem())
        try:
            return self._page(form, answer=self._answer(form.cleaned_data["message"]))
        except (OpenAIError, DecryptionError) as error:
            return self._page(form, problem=error)

    def _answer(self, message: str) -> str:
        messages = [{"role": "user", "content": message}]
        answer = completions.begin(self.instance, {"messages": messages})
        return text_of(json.loads(answer.read()), "message")

    def _problem(self) -> OpenAIError | None:
        """What would prevent an answer, as far as that can be told without opening the key."""
        try:
            provider = completions.provider_of(self.instance)
        except OpenAIError as error:
            return error
        if InstanceSecret.objects.filter(instance=self.instance, key=provider.key).exists():
            return None
        return completions.missing_key(provider, "")

    def _page(
        self, form: MessageForm, *, answer: str | None = None, problem: Exception | None = None
    ) -> HttpResponse:
        provider = PROVIDERS.get(self.instance.provider or "")
        code = getattr(problem, "code", "unreadable_secret") if problem else ""
        return self.show(
            form=form,
            answer=answer,
            provider=provider,
            problem=_words(problem, code),
            about_key=_ABOUT_KEY,
            is_about_key=code in _ABOUT_KEY,
            is_about_settings=code in {"missing_provider", "missing_model", "model_not_found"},
            key_field=f"{self.address('secrets')}#key-{provider.key}" if provider else "",
            completions_url=reverse("chat_completions"),
            failed=problem is not None and self.request.method == "POST",
        )


def _words(problem: Exception | None, code: str) -> str:
    if isinstance(problem, completions.Disabled):
        return "This instance is disabled."
    return getattr(problem, "message", str(problem or ""))


InstanceAdmin.pages.append(PlaygroundPage)
