"""polyant.database: why the database cannot be used, from errors that it really made."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.utils import ConnectionHandler

from polyant.database import fault, reason, trouble
from tests.polyant.conftest import worn_out

IS_SQLITE = connection.vendor == "sqlite"
UNKNOWN = "SELECT 1 FROM no_such_table WHERE name = 'a value'"
CREATE = "CREATE TABLE one_too_many (id int)"
SORT = "SELECT count(*) FROM (SELECT n FROM generate_series(1, 99999) n ORDER BY -n OFFSET 1) x"
# A state of the database, a statement that it refuses in it, and why.
REFUSALS = (
    [("full", CREATE, "database or disk is full"),
     ("read-only", CREATE, "attempt to write a readonly database")]
    if IS_SQLITE
    else [("full", SORT, 'temporary file size exceeds "temp_file_limit" (64kB)'),
          ("read-only", CREATE, "cannot execute CREATE TABLE in a read-only transaction"),
          ("without rights", CREATE, "permission denied for schema public")]
)  # fmt: skip
OURS = ["SELECT FROM WHERE", "INSERT INTO auth_group DEFAULT VALUES"]
if not IS_SQLITE:  # as after a first error in the same transaction
    OURS.append("DO $$ BEGIN RAISE SQLSTATE '25P02'; END $$")

Refused = Callable[..., DatabaseError]


@pytest.fixture
def refused(db: None) -> Refused:
    """The error that a statement ends in."""

    def execute(statement: str) -> DatabaseError:
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            run(statement)
        return caught.value

    return execute


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_reason_is_one_line_without_the_statement(refused: Refused) -> None:
    words, _, question = reason(refused(UNKNOWN)).partition(". ")
    assert words in {"no such table: no_such_table", 'relation "no_such_table" does not exist'}
    assert question == "Has it been migrated? manage.py migrate"


def test_a_missing_table_is_told_by_what_is_to_be_done(refused: Refused) -> None:
    error = refused(UNKNOWN)
    assert trouble(error) == "", "all is migrated: the fault is ours"
    run("DELETE FROM django_migrations WHERE app = 'secrets_app'")
    assert "has migrations that wait. Run them: manage.py migrate" in trouble(error)
    run("DROP TABLE django_migrations")
    assert "has no tables yet. Make them: manage.py migrate" in trouble(error)


@pytest.mark.parametrize(("state", "statement", "words"), REFUSALS)
def test_why_the_database_refuses_is_told_in_its_words(
    refused: Refused, state: str, statement: str, words: str
) -> None:
    with worn_out(state):
        error = refused(statement)
    assert trouble(error) == f"The database of DATABASE_URL cannot be used: {words}"


def test_an_option_that_postgresql_does_not_know_is_no_fault_of_ours(db: None) -> None:
    named = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "x",
        "OPTIONS": {"schema": "public"},
    }
    with pytest.raises(DatabaseError) as caught:
        ConnectionHandler({"default": named})["default"].ensure_connection()
    told = 'cannot be used: invalid dsn: invalid connection option "schema"'
    assert trouble(caught.value) == f"The database of DATABASE_URL {told}"
    assert fault(caught.value) == "does not answer"


@pytest.mark.parametrize("statement", OURS)
def test_a_fault_of_ours_is_no_trouble_of_the_database(refused: Refused, statement: str) -> None:
    assert trouble(refused(statement)) == ""


def test_an_error_that_no_driver_made_is_a_fault_of_ours() -> None:
    assert trouble(DatabaseError("Save with update_fields did not affect any rows.")) == ""


def test_a_fault_of_ours_is_none_of_the_database_for_a_caller_either(refused: Refused) -> None:
    for statement in OURS:
        assert fault(refused(statement)) == "", statement
