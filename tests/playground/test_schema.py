"""What the OpenAPI document says of /v1."""

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("path", "method"), [("/v1/models", "get"), ("/v1/chat/completions", "post")]
)
def test_errors_have_openais_shape(schema: dict[str, Any], path: str, method: str) -> None:
    responses = schema["paths"][path][method]["responses"]
    shape = {"$ref": "#/components/schemas/OpenAIError"}
    statuses = {status for status in responses if int(status) >= 400}
    if method == "post":
        assert {"400", "401", "404", "409", "429", "502", "503", "504"} <= statuses
    assert {"401", "503"} <= statuses
    for status in statuses:
        assert responses[status]["content"]["application/json"]["schema"] == shape


def test_a_completion_is_described_with_its_stream_and_ways_to_sign_in(
    schema: dict[str, Any],
) -> None:
    operation = schema["paths"]["/v1/chat/completions"]["post"]
    assert set(operation["responses"]["200"]["content"]) == {
        "application/json",
        "text/event-stream",
    }
    assert {"instanceKey": []} in operation["security"]
    assert {"instanceKey": []} not in schema["paths"]["/v1/models"]["get"]["security"]
