"""Instances, members and tokens on the wire."""

from typing import Any

from rest_framework import serializers

from instances.audit import AuditEntry
from instances.models import SLUG_MAX_LENGTH, AccessToken, Instance, Membership, validate_slug
from instances.roles import Role
from polyant.serializers import Answer, BooleanField, ChoiceField, StrictSerializer, TextField


class InstanceSerializer(serializers.ModelSerializer[Instance]):
    """An instance as it is shown."""

    authEnabled = serializers.BooleanField(source="auth_enabled")
    langsmithEnabled = serializers.BooleanField(source="langsmith_enabled")
    langsmithContent = serializers.BooleanField(source="langsmith_content")
    createdAt = serializers.DateTimeField(source="created_at")
    updatedAt = serializers.DateTimeField(source="updated_at")

    class Meta:
        model = Instance
        fields = (
            "id", "slug", "name", "description", "status", "provider", "model",
            "authEnabled", "langsmithEnabled", "langsmithContent", "createdAt", "updatedAt",
        )  # fmt: skip
        read_only_fields = fields


class InstanceChange(StrictSerializer):
    """What `PATCH` may set; `slug` is fixed after creation."""

    name = TextField(max_length=255)
    description = TextField(max_length=10_000, allow_null=True, allow_blank=True, required=False)
    status = ChoiceField(Instance.Status.choices, required=False)
    provider = ChoiceField(Instance.Provider.choices, allow_null=True, required=False)
    model = TextField(max_length=100, allow_null=True, required=False)
    authEnabled = BooleanField(source="auth_enabled", required=False)
    langsmithEnabled = BooleanField(
        source="langsmith_enabled", required=False, help_text="Trace chat completions."
    )
    langsmithContent = BooleanField(
        source="langsmith_content", required=False, help_text="Also send prompts and answers."
    )


class NewInstance(InstanceChange):
    """What `POST` takes."""

    slug = TextField(max_length=SLUG_MAX_LENGTH, validators=[validate_slug])


class InstanceAnswer(Answer):
    instance = InstanceSerializer()


class InstanceListing(Answer):
    instances = InstanceSerializer(many=True)
    nextAfter = serializers.CharField(required=False, help_text="`after` of the next page.")


class PageQuery(serializers.Serializer[Any]):
    """Keyset pagination: stable even while instances are created."""

    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)
    after = serializers.CharField(default="", allow_blank=True, max_length=SLUG_MAX_LENGTH)


class MemberSerializer(serializers.ModelSerializer[Membership]):
    username = serializers.CharField(source="user.username")
    createdAt = serializers.DateTimeField(source="created_at")

    class Meta:
        model = Membership
        fields = ("username", "role", "createdAt")
        read_only_fields = fields


class MemberChange(StrictSerializer):
    """The role to give."""

    role = ChoiceField(Role.choices)


class MemberAnswer(Answer):
    member = MemberSerializer()


class MemberListing(Answer):
    members = MemberSerializer(many=True)


class InstanceTokenSerializer(serializers.ModelSerializer[AccessToken]):
    username = serializers.CharField(source="user.username")
    createdAt = serializers.DateTimeField(source="created_at")
    expiresAt = serializers.DateTimeField(source="expires_at")

    class Meta:
        model = AccessToken
        fields = ("id", "label", "username", "createdAt", "expiresAt")
        read_only_fields = fields


class InstanceTokenListing(Answer):
    tokens = InstanceTokenSerializer(many=True)


class AuditSerializer(serializers.ModelSerializer[AuditEntry]):
    names = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = AuditEntry
        fields = ("id", "at", "actor", "action", "names")
        read_only_fields = fields


class AuditListing(Answer):
    audit = AuditSerializer(many=True)


class AuditQuery(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)
    before = serializers.IntegerField(min_value=1, max_value=2**63 - 1, default=None)


class Credentials(StrictSerializer):
    """Those of a user of this installation."""

    username = TextField(max_length=150)
    password = TextField(max_length=1024, write_only=True)


class TokenAnswer(Answer):
    token = serializers.CharField(help_text="Shown this once.")
    expiry = serializers.DateTimeField()


class Deleted(Answer):
    deleted = serializers.BooleanField(help_text="Always true.")
