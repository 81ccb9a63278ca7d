"""Secrets and skill env over REST."""

from collections.abc import Mapping

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from instances.roles import Role
from instances.serializers import Deleted
from instances.views import InstanceScopedViewSet
from polyant.views import read
from secrets_app.models import InstanceSecret, InstanceSkillEnv
from secrets_app.serializers import (
    EnvBatch,
    EnvListing,
    SecretAnswer,
    SecretBatch,
    SecretListing,
    SecretSerializer,
)
from secrets_app.skill_env_managers import EnvEntry
from secrets_app.validators import MAX_BATCH, MAX_VALUE_BYTES

# A full batch, each byte of it written as JSON's longest escape (\u001f), and its frame.
MAX_BODY_BYTES = MAX_BATCH * (6 * MAX_VALUE_BYTES + 512)


class SecretViewSet(InstanceScopedViewSet):
    """Names in, values in; only names out."""

    max_body_bytes = MAX_BODY_BYTES

    @extend_schema(responses=SecretListing)
    def list(self, request: Request, slug: str) -> Response:
        """Which keys are configured: the well-known ones always, then custom ones, sorted."""
        return Response({"secrets": InstanceSecret.objects.listing(self.get_instance())})

    @extend_schema(request=SecretBatch, responses=SecretListing)
    def set_many(self, request: Request, slug: str) -> Response:
        """Create or replace up to 64 secrets: all of them, or none."""
        instance = self.get_instance(Role.EDITOR)
        entries = read(SecretBatch, request)["secrets"]
        values = {entry["key"]: entry["value"] for entry in entries}
        InstanceSecret.objects.set_many(instance, values, self.user)
        listing = {"secrets": InstanceSecret.objects.listing(instance)}
        return Response({**listing, **_warnings(values)})

    @extend_schema(responses=SecretAnswer)
    def retrieve(self, request: Request, slug: str, key: str) -> Response:
        """Whether one secret is set, since when and by whom."""
        secret = InstanceSecret.objects.describe(self.get_instance(), key)
        return Response({"secret": SecretSerializer(secret).data})

    @extend_schema(responses={200: Deleted})
    def destroy(self, request: Request, slug: str, key: str) -> Response:
        """Delete a secret at once; its consumers fail until it is set again."""
        InstanceSecret.objects.remove(self.get_instance(Role.EDITOR), key, self.user)
        return Response({"deleted": True})


class SkillEnvViewSet(InstanceScopedViewSet):
    """Environment variables of one skill."""

    max_body_bytes = MAX_BODY_BYTES

    @extend_schema(responses=EnvListing)
    def list(self, request: Request, slug: str, skill: str) -> Response:
        """The variables by key; a sensitive one without its value."""
        return Response({"env": InstanceSkillEnv.objects.listing(self.get_instance(), skill)})

    @extend_schema(request=EnvBatch, responses=EnvListing)
    def set_many(self, request: Request, slug: str, skill: str) -> Response:
        """Create or replace up to 64 variables: all of them, or none. Others are kept."""
        instance = self.get_instance(Role.EDITOR)
        entries = [EnvEntry(**entry) for entry in read(EnvBatch, request)["env"]]
        InstanceSkillEnv.objects.set_many(instance, skill, entries, self.user)
        return Response({"env": InstanceSkillEnv.objects.listing(instance, skill)})

    @extend_schema(responses={200: Deleted})
    def destroy(self, request: Request, slug: str, skill: str, key: str) -> Response:
        """Delete a variable at once."""
        InstanceSkillEnv.objects.remove(self.get_instance(Role.EDITOR), skill, key, self.user)
        return Response({"deleted": True})


def _warnings(values: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    """Values are stored byte for byte, so a copied line break deserves a warning."""
    padded = [key for key, value in values.items() if value != value.strip()]
    warnings = [{"key": key, "code": "surrounding_whitespace"} for key in padded]
    return {"warnings": warnings} if warnings else {}
