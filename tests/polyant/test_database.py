"""polyant.database: why the database cannot be used, from errors that it really made."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from polyant.database import reason, trouble

IS_SQLITE = connection.vendor == "sqlite"
UNKNOWN = "SELECT 1 FROM no_such_table WHERE name = 'a value'"
NO_RIGHT = "SET LOCAL ROLE pg_monitor; CREATE TABLE no_right (id int)"
FULL = (
    "CREATE TABLE too_large (id int)"
    if IS_SQLITE
    else "SET LOCAL temp_file_limit = '64kB'; SET LOCAL work_mem = '64kB';"
    " SELECT count(*) FROM (SELECT n FROM generate_series(1, 99999) n ORDER BY -n OFFSET 1) x"
)
NO_ROOM = {"database or disk is full", 'temporary file size exceeds "temp_file_limit" (64kB)'}
OURS = ["SELECT FROM WHERE", "INSERT INTO auth_group DEFAULT VALUES"]

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


def test_what_the_database_lacks_is_told_in_its_words(refused: Refused) -> None:
    if IS_SQLITE:
        run("PRAGMA max_page_count = 1")
    try:
        said = trouble(refused(FULL))
    finally:
        if IS_SQLITE:
            run("PRAGMA max_page_count = 4294967294")
    assert said.removeprefix("The database of DATABASE_URL cannot be used: ") in NO_ROOM


@pytest.mark.skipif(IS_SQLITE, reason="SQLite knows no rights")
def test_a_right_that_is_lacking_is_told_in_its_words(refused: Refused) -> None:
    assert "cannot be used: permission denied for schema public" in trouble(refused(NO_RIGHT))


@pytest.mark.parametrize("statement", OURS)
def test_a_fault_of_ours_is_no_trouble_of_the_database(refused: Refused, statement: str) -> None:
    assert trouble(refused(statement)) == ""


def test_an_error_that_no_driver_made_is_a_fault_of_ours() -> None:
    assert trouble(DatabaseError("Save with update_fields did not affect any rows.")) == ""
