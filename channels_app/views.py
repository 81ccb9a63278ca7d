"""Channels over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from channels_app.managers import find_type
from channels_app.models import InstanceChannel
from channels_app.schema import KIND
from channels_app.serializers import (
    ChannelAnswer,
    ChannelChange,
    ChannelListing,
    ChannelSerializer,
)
from instances.roles import Role
from instances.serializers import Deleted
from instances.views import InstanceScopedViewSet
from polyant.views import read


class ChannelViewSet(InstanceScopedViewSet):
    """Telegram, Slack and WhatsApp."""

    @extend_schema(responses=ChannelListing)
    def list(self, request: Request, slug: str) -> Response:
        """The channels that exist, without their credentials."""
        rows = InstanceChannel.objects.listing(self.get_instance())
        return Response({"channels": ChannelSerializer(rows, many=True).data})

    @extend_schema(parameters=[KIND], responses=ChannelAnswer)
    def retrieve(self, request: Request, slug: str, kind: str) -> Response:
        """One channel, without its credentials."""
        row = InstanceChannel.objects.describe(self.get_instance(), kind)
        return Response(_answer(row))

    @extend_schema(parameters=[KIND], request=ChannelChange, responses=ChannelAnswer)
    def connect(self, request: Request, slug: str, kind: str) -> Response:
        """Merge into the channel: absent members are kept, null clears, a string sets."""
        instance = self.get_instance(Role.EDITOR)
        channel = find_type(kind)
        change = read(ChannelChange, request)
        row = InstanceChannel.objects.connect(instance, channel, by=self.user, **change)
        return Response(_answer(row))

    @extend_schema(parameters=[KIND], responses={200: Deleted})
    def destroy(self, request: Request, slug: str, kind: str) -> Response:
        """Delete the channel with its credentials, readable or not."""
        instance = self.get_instance(Role.EDITOR)
        InstanceChannel.objects.disconnect(instance, kind, self.user)
        return Response({"deleted": True})


def _answer(row: InstanceChannel) -> dict[str, Any]:
    return {"channel": ChannelSerializer(row).data}
