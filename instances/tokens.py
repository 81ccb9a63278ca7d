"""Signing in for a token, and out; the tokens that are limited to an instance."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, permissions, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from instances.authentication import TokenAuthentication
from instances.managers import SIGN_IN_LABEL
from instances.models import AccessToken
from instances.roles import Role
from instances.serializers import (
    Credentials,
    Deleted,
    InstanceTokenListing,
    InstanceTokenSerializer,
    TokenAnswer,
)
from instances.views import InstanceScopedViewSet
from polyant.views import read


class TokenView(APIView):
    """``POST`` trades a password for a token; ``DELETE`` ends the token that it presents."""

    max_body_bytes = 16_384

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [TokenAuthentication()]

    def get_permissions(self) -> list[permissions.BasePermission]:
        anyone = self.request.method == "POST"
        return [permissions.AllowAny() if anyone else permissions.IsAuthenticated()]

    def perform_authentication(self, request: Request) -> None:
        # A stale token in the header must not keep its owner from getting a new one.
        if request.method != "POST":
            super().perform_authentication(request)

    @extend_schema(request=Credentials, responses={201: TokenAnswer}, auth=[])
    def post(self, request: Request) -> Response:
        """A token for this user. Too many wrong passwords: 429 with `Retry-After`."""
        user = authenticate(request._request, **read(Credentials, request))
        if not isinstance(user, User):
            raise exceptions.AuthenticationFailed("The username or the password is wrong.")
        # As `login()` would: it records the time, and clears the count of wrong passwords.
        user_logged_in.send(sender=User, request=request._request, user=user)
        text, token = AccessToken.objects.issue(
            user, settings.TOKEN_LIFETIME, label=SIGN_IN_LABEL, ends_with_password=True
        )
        return Response({"token": text, "expiry": token.expires_at}, status.HTTP_201_CREATED)

    @extend_schema(responses={200: Deleted})
    def delete(self, request: Request) -> Response:
        """The presented token is worthless from now on."""
        request.auth.delete()
        return Response({"deleted": True})


class InstanceTokenViewSet(InstanceScopedViewSet):
    """Which tokens are limited to the instance, whoever owns them. For admins."""

    @extend_schema(responses=InstanceTokenListing)
    def list(self, request: Request, slug: str) -> Response:
        """The unexpired ones, the newest first; the text of a token is kept nowhere."""
        tokens = AccessToken.objects.limited_to(self.get_instance(Role.ADMIN))
        return Response({"tokens": InstanceTokenSerializer(tokens, many=True).data})

    @extend_schema(responses={200: Deleted})
    def destroy(self, request: Request, slug: str, token_id: UUID) -> Response:
        """Cut a token off from the instance; one that is limited to no other ends."""
        AccessToken.objects.withdraw(self.get_instance(Role.ADMIN), token_id, self.user)
        return Response({"deleted": True})
