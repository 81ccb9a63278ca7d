"""What a person sees when a page fails: whether it was the database, and what became of a form."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.test import Client

from instances.models import Instance
from tests.polyant.conftest import worn_out
from tests.secrets_app.admin.secrets_tab import seen_by, send, stored, url_of

MARKER = "MARKER-51c0"


@pytest.fixture
def client(browse: Callable[[User], Client], superuser: User) -> Client:
    client = browse(superuser)
    client.raise_request_exception = False
    return client


def words(response: Any) -> str:
    assert response["Content-Type"].startswith("text/html")
    assert MARKER not in response.content.decode()
    return str(response.content.decode())


def failing(error: Exception) -> Any:
    """Every statement fails with this error."""

    def fail(*_: Any) -> NoReturn:
        raise error

    return connection.execute_wrapper(fail)


def test_a_form_that_could_not_be_saved_is_sent_once_more_by_loading_the_page_again(
    client: Client, instance: Instance
) -> None:
    seen = seen_by(client, instance)
    with worn_out("read-only"):
        response = send(client, instance, seen, key__openai_api_key=MARKER)
    assert response.status_code == 503
    assert response["Retry-After"] == "1"
    page = words(response)
    assert "The database is read-only; try again." in page
    assert "load it again" in page
    assert "take it as not saved" in page
    assert stored(instance) == {}
    assert send(client, instance, seen, key__openai_api_key=MARKER).status_code == 302
    assert stored(instance) == {"openai_api_key": MARKER}


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/"])
def test_without_the_database_a_page_says_so(client: Client, path: str) -> None:
    with failing(OperationalError(f"no connection to {MARKER}")):
        response = client.get(path, follow=True)
    page = words(response)
    assert response.status_code == 503
    assert "The database does not answer; try again." in page
    assert "Load this page again" in page
    assert "entered" not in page


@pytest.mark.parametrize("path", ["/api/docs", "/api/schema"])
def test_what_needs_no_database_does_without_it(client: Client, path: str) -> None:
    with failing(InterfaceError(MARKER)):
        assert client.get(path).status_code == 200


def test_a_failure_of_ours_is_told_without_its_cause(client: Client, instance: Instance) -> None:
    with failing(ProgrammingError(f"syntax error at {MARKER}")):
        response = client.get(url_of(instance))
    page = words(response)
    assert response.status_code == 500
    assert not response.has_header("Retry-After")
    assert "it is in the log" in page
    assert "syntax" not in page
    assert "database" not in page
