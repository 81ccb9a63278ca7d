"""How the OpenAPI document describes an instance's own key."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class InstanceKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "playground.authentication.InstanceKeyAuthentication"
    name = "instanceKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The `auth_api_key` of the instance, where its `authEnabled` is on.",
        }
