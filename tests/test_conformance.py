"""Requests made up from the OpenAPI document: every answer is one that the document describes."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from instances.bundles.extras import Extras
from instances.models import AccessToken, Instance
from polyant.wsgi import application

Operation = schemathesis.schemas.APIOperation[Any, Any, Any, Any]
# A made-up slug is hardly ever one that exists.
KNOWN = {"slug": "my-assistant", "kind": "telegram", "skill": "search"}


def _of_what_exists(document: dict[str, Any]) -> dict[str, Any]:
    """The document with paths to nothing else; to make them up took a third of the time."""
    for operation in chain.from_iterable(path.values() for path in document["paths"].values()):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in KNOWN:
                parameter["schema"] = {"const": KNOWN[parameter["name"]]}
    return document


DOCUMENT = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
SCHEMA = schemathesis.openapi.from_dict(_of_what_exists(DOCUMENT))
SCHEMA.app = application
OPERATIONS = [each.ok() for each in SCHEMA.get_all_operations() if isinstance(each, Ok)]
MATRIX = {"channelType": "matrix", "enabled": True, "config": {"room": "r"}, "since": 1}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def authorization(furnished: Instance, superuser: User) -> str:
    # As after an import from the public engine, so that an export gives them back.
    extras = Extras({"room": {"x": 1}}, {"prompts": ["p"]}, {"channels": [MATRIX]})
    furnished.bundle_extras = extras.to_column()
    furnished.save()
    text, _ = AccessToken.objects.issue(superuser, timedelta(days=1))
    return f"Bearer {text}"


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """The server runs in this thread, within the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


# Not `SCHEMA.parametrize()`: on pytest 9.2 its tests all have one name, and xdist runs one of them.
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_answer_is_described(operation: Operation, authorization: str) -> None:
    @given(case=operation.as_strategy() | operation.as_strategy(GenerationMode.NEGATIVE))
    @settings(
        max_examples=5,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: "schemathesis.Case[Any]") -> None:
        # A case that is to be wrong may have its path made up nevertheless.
        case.path_parameters = {
            name: KNOWN.get(name, value) for name, value in (case.path_parameters or {}).items()
        }
        case.call_and_validate(headers={"Authorization": authorization}, checks=CHECKS)

    ask()
