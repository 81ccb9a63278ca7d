"""What the OpenAPI document says beyond the views: signing in, and the one error shape."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework.serializers import ListSerializer

_ERRORS = {
    "400": "The body or the query is wrong; `errors` says where.",
    "401": "No credentials, or none that are valid.",
    "403": "Not allowed for this role, or caused by another site.",
    "404": "Unknown, or not for this caller.",
    "409": "The request conflicts with what is stored.",
    "411": "The body comes in chunks, without its `Content-Length`.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "429": "Too many wrong passwords; see `Retry-After`.",
    "503": "The database does not answer, is busy, read-only or not ready; see `Retry-After`.",
}
# Under /v1, where a provider may refuse or fail as well.
_OPENAI_ERRORS = {
    **_ERRORS,
    "400": "The request or the instance lacks something, or the provider refuses; see `code`.",
    "409": "A stored key does not open.",
    "429": "The provider is asked too often; see `Retry-After`.",
    "502": "The provider cannot be reached, or broke off.",
    "503": "The provider is overloaded, or the database does not answer; see `Retry-After`.",
    "504": "The provider did not answer in time.",
}
_WAIT = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_HEADERS = {
    "401": {"WWW-Authenticate": {"description": "`Bearer`", "schema": {"type": "string"}}},
    "429": _WAIT,
    "503": _WAIT,
}
_ERROR = {
    "type": "object",
    "required": ["statusCode", "error", "message"],
    "properties": {
        "statusCode": {"type": "integer"},
        "error": {"type": "string"},
        "message": {"type": "string", "description": "One sentence to act on."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "code", "message"],
                "properties": {
                    "path": {"type": "string", "examples": ["secrets.3.key"]},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
_OPENAI_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "code", "param"],
            "properties": {
                "message": {"type": "string", "description": "One sentence to act on."},
                "type": {"type": "string"},
                "code": {"type": ["string", "null"], "examples": ["missing_api_key"]},
                "param": {"type": ["string", "null"]},
            },
        },
    },
}


class StrictExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Adds what drf-spectacular misses: are other members allowed, and how long may a list be?"""

    target_class = "polyant.serializers.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(  # type: ignore[no-untyped-call]
            self.target, direction, bypass_extensions=True
        )
        if self.target.is_closed:
            schema["additionalProperties"] = False
        for name, field in self.target.fields.items():
            if isinstance(field, ListSerializer):
                most = getattr(field, "max_length", None)
                bounds = {"minItems": int(not field.allow_empty), "maxItems": most}
                schema["properties"][name] |= {k: v for k, v in bounds.items() if v}
        return schema


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "instances.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from `POST /api/auth/token` or `manage.py create_token`.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "polyant.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The session of a signed-in browser. A token works in this cookie too.",
        }


class AuthJsScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "polyant.authentication.AuthJsAuthentication"
    name = "authjs"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWE",
            "description": "An Auth.js session token, also as cookie, where AUTH_SECRET is set.",
        }


def add_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular hook: adds to each operation the errors that it may answer with."""
    shapes = {"Error": _ERROR, "OpenAIError": _OPENAI_ERROR}
    result["components"].setdefault("schemas", {}).update(shapes)
    for path, operations in result["paths"].items():
        is_openai = path.startswith("/v1/")
        errors, shape = (_OPENAI_ERRORS, "OpenAIError") if is_openai else (_ERRORS, "Error")
        schema = {"$ref": f"#/components/schemas/{shape}"}
        content = {"application/json": {"schema": schema}}
        for method, operation in operations.items():
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
            for status in _possible(path, method, operation):
                answer = {"description": errors[status], "content": content}
                headers = {"headers": _HEADERS[status]} if status in _HEADERS else {}
                operation["responses"].setdefault(status, {**answer, **headers})
    return result


def _possible(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    """The error statuses that an operation may answer with, in their order."""
    if path.startswith("/health"):
        return []  # its answers, 503 too, have a shape of their own
    if path == "/v1/chat/completions":
        return list(_OPENAI_ERRORS)
    has_body, is_secured = "requestBody" in operation, "security" in operation
    has_query = any(each["in"] == "query" for each in operation.get("parameters", ()))
    possible = {
        "400": has_body or has_query,
        "401": True,
        "403": is_secured,
        "404": "{" in path,
        "409": is_secured and method != "get",
        "411": has_body,
        "413": has_body,
        "415": has_body,
        "429": has_body and not is_secured,  # signing in
        "503": True,
    }
    return [status for status, applies in possible.items() if applies]
