"""The Tokens tab of an instance: which tokens name it, for those who decide who may touch it."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from instances.models import AccessToken
from instances.pages import InstancePage
from instances.roles import Role
from polyant.exceptions import Missing


class TokensPage(InstancePage):
    """Labels, owners and dates of the tokens that are limited to this instance."""

    name = path = "tokens"
    label = "Tokens"
    template_name = "admin/instances/instance/tokens.html"
    to_see = to_change = Role.ADMIN
    position = 1
    size = 200

    def get(self, request: HttpRequest) -> HttpResponse:
        tokens = list(AccessToken.objects.limited_to(self.instance)[: self.size + 1])
        has_more = len(tokens) > self.size
        return self.show(tokens=tokens[: self.size], size=self.size, has_more=has_more)


class WithdrawTokenPage(InstancePage):
    """Asks, then cuts a token off from the instance, whoever owns it."""

    name = "tokens_withdraw"
    path = "tokens/<uuid:token>/withdraw"
    tab = "tokens"
    template_name = "admin/instances/instance/token_withdraw.html"
    to_see = to_change = Role.ADMIN

    def get(self, request: HttpRequest, token: UUID) -> HttpResponse:
        found = AccessToken.objects.limited_to(self.instance).filter(pk=token).first()
        if found is None:
            return self.done("This token is ended already.", level=messages.WARNING)
        return self.show(page_label="Withdraw", token=found)

    def post(self, request: HttpRequest, token: UUID) -> HttpResponse:
        try:
            with transaction.atomic():
                ended = AccessToken.objects.withdraw(self.instance, token, self.user)
                self.admin.log_change(request, self.instance, f"Tokens: withdrew {ended}.")
        except Missing:
            return self.done("This token is ended already.", level=messages.WARNING)
        return self.done(f"The {ended} no longer reaches this instance.")
