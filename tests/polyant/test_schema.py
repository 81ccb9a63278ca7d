"""The OpenAPI document at /api/schema, and its pages at /api/docs."""

import json
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

I = "/api/instances/{slug}"  # noqa: E741
# The contract's routes, as far as they are built.
ROUTES = {
    "/api/auth/token": {"post", "delete"},
    "/api/instances": {"get", "post"},
    I: {"get", "patch", "delete"},
    "/api/instances/import": {"post"},
    f"{I}/export": {"get"},
    f"{I}/import": {"post"},
    f"{I}/members": {"get"},
    f"{I}/members/{{username}}": {"put", "delete"},
    f"{I}/tokens": {"get"},
    f"{I}/tokens/{{token_id}}": {"delete"},
    f"{I}/secrets": {"get", "put"},
    f"{I}/secrets/{{key}}": {"get", "delete"},
    f"{I}/channels": {"get"},
    f"{I}/channels/{{kind}}": {"get", "put", "delete"},
    f"{I}/skills/{{skill}}/env": {"get", "put"},
    f"{I}/skills/{{skill}}/env/{{key}}": {"delete"},
    "/v1/models": {"get"},
    "/v1/chat/completions": {"post"},
}
METHODS = {"get", "put", "post", "patch", "delete"}


def operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/api/") and method in METHODS
    ]


def test_the_document_is_valid_and_made_without_a_warning(db: None) -> None:
    out, err = StringIO(), StringIO()
    form = {"format": "openapi-json", "validate": True, "fail_on_warn": True}
    call_command("spectacular", **form, stdout=out, stderr=err)
    assert json.loads(out.getvalue())["openapi"].startswith("3.1")
    assert err.getvalue() == ""


def test_every_route_of_the_contract_is_described(schema: dict[str, Any]) -> None:
    described = {path: set(methods) & METHODS for path, methods in schema["paths"].items()}
    assert {path: described.get(path) for path in ROUTES} == ROUTES


def test_every_operation_says_what_it_does_and_is_named_once(schema: dict[str, Any]) -> None:
    assert all(each.get("description") for each in operations(schema))
    names = [each["operationId"] for each in operations(schema)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("post", "/api/auth/token", {400, 401, 411, 413, 415, 429, 503}),
        ("delete", "/api/auth/token", {401, 403, 409, 503}),
        ("get", "/api/instances", {400, 401, 403, 503}),
        ("get", f"{I}/secrets", {401, 403, 404, 503}),
        ("put", f"{I}/secrets", {400, 401, 403, 404, 409, 411, 413, 415, 503}),
        ("delete", f"{I}/secrets/{{key}}", {401, 403, 404, 409, 503}),
        ("get", "/v1/models", {401, 403, 503}),
        ("get", "/health", set()),
        ("get", "/health/ready", {503}),
    ],
)
def test_an_operation_has_the_errors_that_it_can_answer_with(
    schema: dict[str, Any], method: str, path: str, statuses: set[int]
) -> None:
    described = {int(status) for status in schema["paths"][path][method]["responses"]}
    assert {status for status in described if status >= 400} == statuses


def test_every_error_has_the_error_shape(schema: dict[str, Any]) -> None:
    error = {"$ref": "#/components/schemas/Error"}
    for operation in operations(schema):
        errors = {s: each for s, each in operation["responses"].items() if int(s) >= 400}
        assert {"401", "503"} <= errors.keys()
        for answer in errors.values():
            assert answer["content"]["application/json"]["schema"] == error
    assert schema["components"]["schemas"]["Error"]["required"] == [
        "statusCode",
        "error",
        "message",
    ]


@pytest.mark.parametrize(
    ("name", "member"),
    [("SecretEntry", "value"), ("EnvEntry", "value"), ("ChannelChange", "config"),
     ("Credentials", "password")],
)  # fmt: skip
def test_values_are_write_only(schema: dict[str, Any], name: str, member: str) -> None:
    schemas = schema["components"]["schemas"]
    found = [schemas[key] for key in schemas if key.startswith(name)]
    assert found
    assert all(each["properties"][member]["writeOnly"] is True for each in found)


def test_a_bundle_may_have_further_members_and_nothing_else_may(schema: dict[str, Any]) -> None:
    schemas = schema["components"]["schemas"]
    closed = {name: each.get("additionalProperties") is False for name, each in schemas.items()}
    assert not any(closed[name] for name in schemas if name.startswith("Bundle"))
    assert closed["SecretBatch"]
    assert closed["NewInstance"]


def test_no_answer_about_secrets_has_a_value(schema: dict[str, Any]) -> None:
    schemas = schema["components"]["schemas"]
    assert set(schemas["ListedSecret"]["properties"]) == {"key", "configured"}
    assert "value" not in schemas["Secret"]["properties"]


# What an answer leaves out where there is nothing to say; all else is always there.
LEFT_OUT = {
    ("InstanceListing", "nextAfter"), ("SecretListing", "warnings"), ("ListedEnv", "unreadable"),
    ("BundleWarning", "key"), ("BundleWarning", "skillSlug"), ("BundleWarning", "channelType"),
    ("BundleWarning", "names"), ("Error", "errors"), ("ChatAnswer", "usage"),
}  # fmt: skip


def answered(schema: dict[str, Any], part: Any) -> set[str]:
    """The names of the components in a part of the document, and of those within them."""
    found = {match.rpartition("/")[2] for match in re.findall(r'"(#/[^"]*)"', json.dumps(part))}
    inner = [answered(schema, schema["components"]["schemas"][name]) for name in found]
    return found.union(*inner)


def test_what_an_answer_always_has_is_required(schema: dict[str, Any]) -> None:
    responses = [each["responses"] for path in schema["paths"].values() for each in path.values()]
    left_out = set()
    for name in answered(schema, responses):
        described = schema["components"]["schemas"][name]
        if not name.startswith("Bundled") and name != "Bundle":  # which are bodies as well
            optional = described["properties"].keys() - described.get("required", ())
            left_out |= {(name, member) for member in optional}
    assert left_out == LEFT_OUT


def test_the_provider_of_an_answer_is_one_of_ours_or_null(schema: dict[str, Any]) -> None:
    described = schema["components"]["schemas"]["Instance"]["properties"]["provider"]
    assert described["enum"] == ["openai", "anthropic", None]


@pytest.mark.parametrize(
    ("name", "member", "shortest"),
    [("NewInstance", "name", 1), ("NewInstance", "model", 1), ("NewInstance", "description", 0),
     ("SecretEntry", "value", 1), ("EnvEntry", "value", 0), ("BundledInstance", "model", 0),
     ("Credentials", "password", 1)],
)  # fmt: skip
def test_a_text_that_may_not_be_empty_says_so(
    schema: dict[str, Any], name: str, member: str, shortest: int
) -> None:
    described = schema["components"]["schemas"][name]["properties"][member]
    assert described.get("minLength", 0) == shortest


def test_a_default_of_a_query_is_one_of_its_own_values(
    schema: dict[str, Any], api: APIClient
) -> None:
    after, _ = schema["paths"]["/api/instances"]["get"]["parameters"]
    assert (after["name"], after["schema"]) == (
        "after", {"type": "string", "default": "", "maxLength": 100},
    )  # fmt: skip
    assert api.get("/api/instances?after=").json() == api.get("/api/instances").json()


def test_no_word_of_the_document_is_about_the_code(schema: dict[str, Any]) -> None:
    text = json.dumps(schema)
    for word in ("``", "OpenAPI document", "its result", "serializer"):
        assert word not in text, word


def test_the_headers_that_an_answer_depends_on_are_described(schema: dict[str, Any]) -> None:
    needed = {"401": {"WWW-Authenticate"}, "429": {"Retry-After"}, "503": {"Retry-After"}}
    for path, methods in schema["paths"].items():
        for operation in methods.values() if not path.startswith("/health") else ():
            for status, answer in operation["responses"].items():
                assert answer.get("headers", {}).keys() >= needed.get(status, set()), path
    export = schema["paths"][f"{I}/export"]["get"]["responses"]["200"]
    assert "Content-Disposition" in export["headers"]


def test_a_credential_of_a_channel_is_described_by_its_two_members(schema: dict[str, Any]) -> None:
    schemas = schema["components"]["schemas"]
    described = schemas["Channel"]["properties"]["credentials"]["items"]
    described = schemas.get(described.get("$ref", "").rpartition("/")[2], described)
    assert set(described.get("properties", ())) == {"key", "configured"}


def test_each_way_to_sign_in_is_described(schema: dict[str, Any]) -> None:
    schemes = schema["components"]["securitySchemes"]
    assert schemes["token"]["scheme"] == "bearer"
    assert (schemes["session"]["in"], schemes["session"]["name"]) == (
        "cookie", "authjs.session-token",
    )  # fmt: skip
    assert "A token works in this cookie too" in schemes["session"]["description"]
    secured = {
        name for each in operations(schema) for way in each.get("security", []) for name in way
    }
    assert secured | {"instanceKey"} == set(schemes)  # which only /v1 takes


def test_the_cookie_is_described_by_the_name_it_has(anonymous: APIClient, settings: Any) -> None:
    settings.SESSION_COOKIE_NAME = "__Secure-authjs.session-token"
    schemes = anonymous.get("/api/schema").json()["components"]["securitySchemes"]
    assert schemes["session"]["name"] == "__Secure-authjs.session-token"


def test_the_pages_bring_their_own_assets(anonymous: APIClient) -> None:
    page = anonymous.get("/api/docs").content.decode()
    assert "swagger" in page
    assert "https://" not in page


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs", "/api/docs?script="])
def test_the_documents_are_for_everybody_whatever_they_send(
    anonymous: APIClient, path: str
) -> None:
    wrong = {"HTTP_AUTHORIZATION": "Bearer ply_x", "HTTP_COOKIE": "authjs.session-token=ply_x"}
    for name, value in wrong.items():
        assert anonymous.get(path, **{name: value}).status_code == 200  # type: ignore[arg-type]
    assert anonymous.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs"])
def test_what_else_is_asked_of_the_documents_is_answered_as_by_the_api(
    anonymous: APIClient, path: str
) -> None:
    refused, options = anonymous.post(path), anonymous.options(path)
    assert refused.status_code == refused.json()["statusCode"] == 405
    assert options.json() == {"methods": ["GET", "HEAD", "OPTIONS"]}
    for response in (refused, options):
        assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/"])
def test_a_trailing_slash_is_not_found(anonymous: APIClient, path: str) -> None:
    assert anonymous.get(path).status_code == 404
