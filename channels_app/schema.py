"""How the OpenAPI document describes connecting a channel, from the catalog itself."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import Direction, OpenApiParameter

from channels_app.catalog import CHANNEL_TYPES, ChannelType, Member

KIND = OpenApiParameter(
    "kind",
    location=OpenApiParameter.PATH,
    enum=[*CHANNEL_TYPES],
    description="The type of the channel.",
)


class ConfigExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A component for each type. The path says which of them is meant, so `anyOf`."""

    target_class = "channels_app.serializers.ConfigField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        components = [_component(kind) for kind in CHANNEL_TYPES.values()]
        for component in components:
            auto_schema.registry.register_on_missing(component)
        return {"anyOf": [component.ref for component in components]}


def _component(kind: ChannelType) -> ResolvedComponent:
    name = f"{kind.label}Config"
    schema = {
        "type": "object",
        "description": f"For `{kind.slug}`. Enabled, it needs {', '.join(kind.required)}.",
        "properties": {member.name: _described(member) for member in kind.members},
        "additionalProperties": False,
    }
    return ResolvedComponent(  # type: ignore[no-untyped-call]
        name, ResolvedComponent.SCHEMA, schema, object=name
    )


def _described(member: Member) -> dict[str, Any]:
    described = {
        "type": ["string", "null"],
        "title": member.label,
        "description": f"{member.hint} {member.where}",
        "pattern": f"^(?:{member.pattern})$",
    }
    return (
        {**described, "format": "password", "writeOnly": True} if member.credential else described
    )
