"""The CHECK of the database: whoever writes, plaintext does not get into the column."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.writer import MigrationWriter

from channels_app.models import InstanceChannel
from instances.models import Instance
from polyant.encryption.constraints import CiphertextConstraint
from secrets_app.models import InstanceSecret, InstanceSkillEnv

pytestmark = pytest.mark.django_db

Execute = Callable[..., None]
PREFIX = f"v1.{'0' * 16}."
SHORTEST = PREFIX + "A" * 38
BINARY = "BLOB" if connection.vendor == "sqlite" else "BYTEA"


PLAINTEXT = {
    "nothing": "",
    "plaintext": "sk-plaintext",
    "long plaintext": "x" * 200,
    "plaintext behind the prefix": PREFIX + "sk-plaintext",
    "one character short": SHORTEST[:-1],
    "a trailing newline": SHORTEST + "\n",
    "a second line": SHORTEST + "\nsk-plaintext",
    "on the second line": "sk-plaintext\n" + SHORTEST,
    "leading whitespace": " " + SHORTEST,
    "a second word": SHORTEST + " sk-plaintext",
    "padding": SHORTEST + "==",
    "the other base64 alphabet": SHORTEST + "+/",
    "the other base64 alphabet at once": PREFIX + "+" + "A" * 38,
    "a letter that is not ASCII": SHORTEST + "é",
    "a key id in capitals": SHORTEST.replace("0", "A"),
    "a key id that is not hex": SHORTEST.replace("0", "g"),
    "digits that are not ASCII": SHORTEST.replace("0", "٠"),
    "another format": SHORTEST.replace("v1", "v2"),
    "the format in capitals": SHORTEST.replace("v1", "V1"),
    "other separators": SHORTEST.replace(".", "x"),
    "behind a NUL": SHORTEST + "\0sk-plaintext",
}


def is_refused(execute: Execute, statement: str, *parameters: str) -> bool:
    try:
        with transaction.atomic():
            execute(statement, *parameters)
    # PostgreSQL's driver refuses a NUL with a ValueError, before the database could.
    except (DatabaseError, ValueError):
        return True
    return False


def test_raw_sql_writes_no_plaintext(secret: InstanceSecret, execute: Execute) -> None:
    update = "UPDATE instance_secrets SET value = %s"
    written = [name for name, text in PLAINTEXT.items() if not is_refused(execute, update, text)]
    assert written == []
    assert InstanceSecret.objects.get().value.reveal()


def test_raw_sql_writes_no_null(secret: InstanceSecret, execute: Execute) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        execute("UPDATE instance_secrets SET value = NULL")


@pytest.mark.parametrize("expression", ["X'00'", "7", f"CAST('sk-plaintext' AS {BINARY})"])
def test_raw_sql_writes_no_other_type(
    secret: InstanceSecret, execute: Execute, expression: str
) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        execute(f"UPDATE instance_secrets SET value = {expression}")


def test_raw_sql_inserts_no_plaintext(secret: InstanceSecret, execute: Execute) -> None:
    columns = "instance_id, version, created_at, updated_at"
    another = "'00000000000000000000000000000000', 'other', 'sk-plaintext'"
    with pytest.raises(DatabaseError), transaction.atomic():
        execute(f"INSERT INTO instance_secrets (id, key, value, {columns})"
                f" SELECT {another}, {columns} FROM instance_secrets")  # fmt: skip
    assert InstanceSecret.objects.count() == 1


@pytest.mark.parametrize("length", [38, 39, 40, 1000])
def test_raw_sql_writes_what_has_the_shape(
    secret: InstanceSecret, execute: Execute, length: int
) -> None:
    text = f"v1.0123456789abcdef.{'aZ09_-' * 200}"[: len(PREFIX) + length]
    execute("UPDATE instance_secrets SET value = %s", text)
    assert InstanceSecret.objects.filter(value__isnull=False).count() == 1


def test_the_other_tables_are_guarded_as_well(instance: Instance, execute: Execute) -> None:
    InstanceSkillEnv.objects.create(instance=instance, skill_slug="s", key="K", value="x")
    InstanceChannel.objects.create(instance=instance, channel_type="slack", credentials={})
    for table, column in (("instance_skill_env", "value"), ("instance_channels", "credentials")):
        with pytest.raises(DatabaseError), transaction.atomic():
            execute(f"UPDATE {table} SET {column} = 'sk-plaintext'")


def test_the_largest_value_passes(instance: Instance) -> None:
    InstanceSecret.objects.create(instance=instance, key="key", value="🔑" * 12_288)
    assert len(InstanceSecret.objects.get().value.reveal().encode()) == 49_152


def test_validating_a_row_asks_nothing_of_a_value_that_is_not_sealed_yet(
    instance: Instance,
) -> None:
    InstanceSecret(instance=instance, key="key", value="sk-1").validate_constraints()


def test_a_migration_holds_the_field_and_the_name_of_the_constraint() -> None:
    constraint = CiphertextConstraint(field="value", name="value_is_ciphertext")
    text, _ = MigrationWriter.serialize(constraint)
    assert text == (
        "polyant.encryption.constraints.CiphertextConstraint("
        "field='value', name='value_is_ciphertext')"
    )
    assert constraint == constraint.clone()
