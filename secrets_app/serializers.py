"""Secrets and skill env on the wire. Values go in; the value of a secret never comes out."""

from typing import Any

from rest_framework import serializers

from polyant.names import validate_is_a_name
from polyant.serializers import (
    Answer,
    BooleanField,
    DistinctList,
    StrictSerializer,
    TextField,
)
from secrets_app.catalog import WELL_KNOWN_KEYS
from secrets_app.models import InstanceSecret
from secrets_app.validators import (
    MAX_BATCH,
    validate_env_key,
    validate_secret_key,
    validate_value,
)


class SecretEntry(StrictSerializer):
    """A secret to set."""

    distinct = ("key",)

    key = TextField(validators=[validate_secret_key, validate_is_a_name])
    value = TextField(
        validators=[validate_value], write_only=True, help_text="1 to 49 152 bytes of UTF-8."
    )

    class Meta:
        list_serializer_class = DistinctList


class SecretBatch(StrictSerializer):
    """1 to 64 secrets, no key twice."""

    secrets = SecretEntry(many=True, allow_empty=False, max_length=MAX_BATCH)  # type: ignore[call-arg]


class ListedSecret(serializers.Serializer[Any]):
    key = serializers.CharField()
    configured = serializers.BooleanField()


class SecretWarning(serializers.Serializer[Any]):
    key = serializers.CharField()
    code = serializers.CharField()


class SecretListing(Answer):
    secrets = ListedSecret(many=True)
    warnings = SecretWarning(many=True, required=False)


class SecretSerializer(serializers.ModelSerializer[InstanceSecret]):
    """What is known of a secret without opening it."""

    configured = serializers.SerializerMethodField(method_name="is_configured")
    wellKnown = serializers.SerializerMethodField(method_name="is_well_known")
    createdAt = serializers.DateTimeField(source="created_at", allow_null=True)
    updatedAt = serializers.DateTimeField(source="updated_at", allow_null=True)
    updatedBy = serializers.CharField(source="updated_by.username", allow_null=True)

    class Meta:
        model = InstanceSecret
        fields = (
            "key", "configured", "wellKnown", "createdAt", "updatedAt", "updatedBy", "version",
        )  # fmt: skip
        read_only_fields = fields

    def is_configured(self, row: InstanceSecret) -> bool:
        return not row._state.adding

    def is_well_known(self, row: InstanceSecret) -> bool:
        return row.key in WELL_KNOWN_KEYS


class SecretAnswer(Answer):
    secret = SecretSerializer()


class EnvEntrySerializer(StrictSerializer):
    """A variable to set; sensitive unless it says otherwise."""

    distinct = ("key",)

    key = TextField(validators=[validate_env_key, validate_is_a_name])
    value = TextField(validators=[validate_value], allow_blank=True, write_only=True)
    sensitive = BooleanField(default=True)

    class Meta:
        list_serializer_class = DistinctList

    def validate(self, entry: dict[str, Any]) -> dict[str, Any]:
        if entry["sensitive"] and not entry["value"]:
            fault = serializers.ErrorDetail("Only a non-sensitive value may be empty.", "blank")
            raise serializers.ValidationError({"value": [fault]})
        return entry


class EnvBatch(StrictSerializer):
    """1 to 64 variables, no key twice."""

    env = EnvEntrySerializer(many=True, allow_empty=False, max_length=MAX_BATCH)  # type: ignore[call-arg]


class ListedEnv(serializers.Serializer[Any]):
    key = serializers.CharField()
    value = serializers.CharField(
        allow_null=True, help_text="Empty for a sensitive entry, null for one that does not open."
    )
    sensitive = serializers.BooleanField()
    configured = serializers.BooleanField()
    unreadable = serializers.CharField(required=False, help_text="Why it does not open.")
    updatedAt = serializers.DateTimeField()


class EnvListing(Answer):
    env = ListedEnv(many=True)
