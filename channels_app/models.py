"""Channels of an instance: how it is reached, and with which credentials."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from channels_app.catalog import CHANNEL_TYPES, ChannelType, foreign_type
from channels_app.managers import InstanceChannelManager
from instances.models import Instance
from polyant.encryption.constraints import CiphertextConstraint
from polyant.encryption.fields import EncryptedJSONField
from polyant.encryption.models import EncryptedModel


class InstanceChannel(EncryptedModel):
    """A channel. What may be read is in ``config``, the rest is one sealed object.

    ``credential_names`` says which credentials the sealed object has, so that a listing can tell
    without opening it. The two are only ever written together.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="channels")
    channel_type = models.CharField(max_length=20, choices=[(slug, slug) for slug in CHANNEL_TYPES])
    enabled = models.BooleanField(default=False)
    config = models.JSONField(default=dict)
    credentials = EncryptedJSONField(bound_to=("instance_id", "channel_type"))
    credential_names = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = InstanceChannelManager()

    class Meta:
        db_table = "instance_channels"
        constraints = (
            models.UniqueConstraint(
                fields=("instance", "channel_type"), name="one_channel_per_type"
            ),
            CiphertextConstraint(
                field="credentials", name="instance_channels_credentials_is_ciphertext"
            ),
        )

    def __str__(self) -> str:
        return self.channel_type

    @property
    def named_parts(self) -> list[str]:
        """The members that it has, by name."""
        return [*self.credential_names, *self.readable]

    @property
    def kind(self) -> ChannelType:
        """Its type, which may be one that this version does not know."""
        known = CHANNEL_TYPES.get(self.channel_type)
        return known or foreign_type(self.channel_type, self.credential_names, self.readable)

    @property
    def readable(self) -> dict[str, Any]:
        """What may be read. Empty if something other than an object is stored there."""
        return self.config if isinstance(self.config, dict) else {}

    @property
    def lacking(self) -> list[str]:
        """The members without which the channel cannot be enabled."""
        return [name for name in self.kind.required if name not in self.named_parts]
