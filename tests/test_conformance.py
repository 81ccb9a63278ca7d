"""Requests made up from the OpenAPI document: every answer is one that the document describes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from instances.models import AccessToken, Instance
from polyant.wsgi import application

DOCUMENT = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
SCHEMA.app = application
KNOWN = {"slug": "my-assistant", "kind": "telegram", "skill": "search"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def authorization(furnished: Instance, superuser: User) -> str:
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


@SCHEMA.parametrize()
@settings(
    max_examples=5,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_described(case: "schemathesis.Case[Any]", authorization: str) -> None:
    # A made-up slug is hardly ever one that exists.
    case.path_parameters = {
        name: KNOWN.get(name, value) for name, value in (case.path_parameters or {}).items()
    }
    case.call_and_validate(headers={"Authorization": authorization}, checks=CHECKS)
