"""Channels on the wire: configuration both ways, credentials only in."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from channels_app.catalog import CHANNEL_TYPES
from channels_app.models import InstanceChannel
from polyant.serializers import Answer, BooleanField, StrictSerializer, TextField

_MEMBERS = {member.name for kind in CHANNEL_TYPES.values() for member in kind.members}


class ConfigField(serializers.DictField):
    """Members as strings or null. An error names only what we know: a name may be a value."""

    child = TextField(allow_null=True)

    def run_child_validation(self, data: Mapping[str, Any]) -> dict[str, str | None]:
        wrong = [name for name in data if not isinstance(data[name], str | None)]
        fault = serializers.ErrorDetail("This must be a string or null.", "invalid")
        if wrong and _MEMBERS.issuperset(wrong):
            raise serializers.ValidationError({name: [fault] for name in wrong})
        if wrong:
            raise serializers.ValidationError([fault])
        return dict(data)


class ChannelChange(StrictSerializer):
    """What `PUT` takes."""

    config = ConfigField(
        write_only=True, help_text="Members to set (a string) or to clear (null); others are kept."
    )
    enabled = BooleanField(required=False, help_text="A new channel begins disabled.")


class Credential(serializers.Serializer[Any]):
    key = serializers.CharField()
    configured = serializers.BooleanField()


class ChannelSerializer(serializers.ModelSerializer[InstanceChannel]):
    channelType = serializers.CharField(source="channel_type")
    config = serializers.DictField(source="readable", child=serializers.CharField())
    credentials = serializers.SerializerMethodField()
    updatedAt = serializers.DateTimeField(source="updated_at")

    class Meta:
        model = InstanceChannel
        fields = ("channelType", "enabled", "config", "credentials", "updatedAt")
        read_only_fields = fields

    @extend_schema_field(Credential(many=True))
    def get_credentials(self, row: InstanceChannel) -> list[dict[str, Any]]:
        stored = row.credential_names
        return [{"key": name, "configured": name in stored} for name in row.kind.credentials]


class ChannelAnswer(Answer):
    channel = ChannelSerializer()


class ChannelListing(Answer):
    channels = ChannelSerializer(many=True)
