"""Why the database cannot be used: one line for the operator, a few words for a caller of the API.

Django raises its own errors from the driver's. Only the driver's error has a code: PostgreSQL's as
``pgcode``, SQLite's as ``sqlite_errorname``.
"""

import re
from collections.abc import Container

from django.db import (
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.db.migrations.executor import MigrationExecutor

# A table or a column does not exist. SQLite has one name for all statements that it cannot read.
_MISSING = {"42P01", "42703"}
_MISSING_ON_SQLITE = re.compile(r"no such (?:table|column)|table \S+ has no column")
_NOT_UNDERSTOOD = {"SQLITE_ERROR"}

# Other work is in the way: PostgreSQL's codes (a serialization failure, a deadlock, a lock that is
# not available, a statement that took too long) and SQLite's names.
_BUSY = {"40001", "40P01", "55P03", "57014", "SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_LOCKED"}

# It accepts no writes, as a standby server after a failover.
_READ_ONLY = {
    "25006", "SQLITE_READONLY", "SQLITE_READONLY_CANTINIT", "SQLITE_READONLY_CANTLOCK",
    "SQLITE_READONLY_DBMOVED", "SQLITE_READONLY_DIRECTORY", "SQLITE_READONLY_RECOVERY",
    "SQLITE_READONLY_ROLLBACK",
}  # fmt: skip

# A violated foreign key or unique constraint: PostgreSQL's codes, SQLite's names.
_RACES = {
    "23503", "SQLITE_CONSTRAINT_FOREIGNKEY",
    "23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY",
}  # fmt: skip

# Errors of these classes come from a wrong statement, so they are ours; a missing right is not.
_OURS = (IntegrityError, DataError, NotSupportedError, ProgrammingError)
_NO_RIGHT = {"42501"}
# After a first error, PostgreSQL refuses every other statement of a transaction.
_ABORTED = {"25P02"}

_MIGRATE = "manage.py migrate"


def has_code(error: Exception, codes: Container[str | None]) -> bool:
    """True if the database gave one of these codes for the error."""
    first = _first(error)
    return any(getattr(first, name, None) in codes for name in ("pgcode", "sqlite_errorname"))


def is_race(error: Exception) -> bool:
    """True if another request changed what this one relied on, at the same moment.

    A failed CHECK is none of these: it is a fault of ours.
    """
    return isinstance(error, IntegrityError) and has_code(error, _RACES)


def fault(error: Exception) -> str:
    """What is wrong with the database, in words for a caller of the API; "" if nothing is."""
    if _is_missing(error):
        return "is not ready"
    if has_code(error, _BUSY):
        return "is busy"
    if has_code(error, _READ_ONLY):
        return "is read-only"
    if has_code(error, _NOT_UNDERSTOOD):
        return ""
    is_away = isinstance(error, InterfaceError | OperationalError) or _is_unreadable_url(error)
    return "does not answer" if is_away else ""


def reason(error: Exception) -> str:
    """The first line of the driver's message; later lines may show the statement or the row."""
    words = " ".join(str(_first(error)).strip().partition("\n")[0].split())
    return f"{words}. Has it been migrated? {_MIGRATE}" if _is_missing(error) else words


def trouble(error: Error) -> str:
    """Why no command can use the database, in one line.

    "" if the database is not to blame: the fault is ours, and the traceback is needed.

    Raises:
        Error: the database has become unreachable in the meantime.
    """
    if _is_missing(error):
        return unprepared()
    if _is_ours(error):
        return ""
    return f"The database of DATABASE_URL cannot be used: {reason(error)}"


def unprepared() -> str:
    """What to do before this database can be used, in one line; "" if all migrations have run.

    Raises:
        Error: the database cannot be used at all.
    """
    executor = MigrationExecutor(connection)
    if not executor.recorder.has_table():
        return f"The database of DATABASE_URL has no tables yet. Make them: {_MIGRATE}"
    if is_behind(executor):
        return f"The database of DATABASE_URL has migrations that wait. Run them: {_MIGRATE}"
    return ""


def is_behind(executor: MigrationExecutor) -> bool:
    """True if some migrations have not run on the database yet."""
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _is_missing(error: Exception) -> bool:
    if has_code(error, _NOT_UNDERSTOOD):
        return bool(_MISSING_ON_SQLITE.match(str(error)))
    return has_code(error, _MISSING)


def _is_ours(error: Error) -> bool:
    if isinstance(_first(error), Error):
        return True  # no driver is behind it: Django itself objects to what we do
    is_wrong_statement = isinstance(error, _OURS) or has_code(error, _NOT_UNDERSTOOD | _ABORTED)
    return is_wrong_statement and not (has_code(error, _NO_RIGHT) or _is_unreadable_url(error))


def _is_unreadable_url(error: Exception) -> bool:
    """True if ``DATABASE_URL`` has an option that PostgreSQL's library does not know.

    psycopg2 says so with a ProgrammingError, as if a statement were wrong, and without a code.
    """
    return str(_first(error)).startswith("invalid dsn")


def _first(error: BaseException) -> BaseException:
    """The driver's error, at the end of a chain of Django's errors."""
    while isinstance(error, Error) and (before := error.__cause__ or error.__context__):
        error = before
    return error
