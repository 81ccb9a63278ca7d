"""A CHECK that lets nothing but our ciphertext into a column, whoever writes it."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

from polyant.encryption.ciphertext import (
    FORMAT,
    KEY_ID_LENGTH,
    PREFIX_LENGTH,
    SHORTEST_PAYLOAD,
)


class IsCiphertext(models.Func):
    """True where a column is in the format of ``ciphertext``, in each database's SQL."""

    output_field = models.BooleanField()

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any
    ) -> Any:
        pattern = rf"^{FORMAT}\.[0-9a-f]{{{KEY_ID_LENGTH}}}\.[A-Za-z0-9_-]{{{SHORTEST_PAYLOAD},}}$"
        return self.as_sql(compiler, connection, template=f"%(expressions)s ~ '{pattern}'")

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> Any:
        # GLOB knows no repetition, and both it and length() stop at a NUL: hence the last line.
        prefix = f"{FORMAT}.{'[0-9a-f]' * KEY_ID_LENGTH}.*"
        template = (
            # NULL passes, as it does on PostgreSQL.
            f"(%(expressions)s IS NULL OR typeof(%(expressions)s) = 'text'"
            f" AND %(expressions)s GLOB '{prefix}'"
            f" AND substr(%(expressions)s, {PREFIX_LENGTH + 1}) NOT GLOB '*[^A-Za-z0-9_-]*'"
            f" AND length(%(expressions)s) >= {PREFIX_LENGTH + SHORTEST_PAYLOAD}"
            " AND length(CAST(%(expressions)s AS BLOB)) = length(%(expressions)s))"
        )
        return self.as_sql(compiler, connection, template=template)


class CiphertextConstraint(models.CheckConstraint):
    """``CHECK`` that ``field`` holds a ciphertext. Required for every encrypted field."""

    def __init__(self, *, field: str, name: str) -> None:
        self.field = field
        super().__init__(condition=IsCiphertext(models.F(field)), name=name)

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, (), {"field": self.field, "name": self.name}

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the value is still plaintext, because ``pre_save`` seals after validation."""
