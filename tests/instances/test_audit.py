"""The audit trail only grows: no verb of Django's changes or removes an entry."""

import pytest

from instances.audit import Action, AuditEntry
from instances.models import Instance


@pytest.fixture
def entry(instance: Instance) -> AuditEntry:
    AuditEntry.objects.record(instance, Action.SECRETS_SET, ["openai_api_key"], None)
    return AuditEntry.objects.get()


def test_an_entry_is_neither_changed_nor_deleted(entry: AuditEntry) -> None:
    entry.actor = "somebody else"
    for change in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(actor="somebody else"),
    ):
        with pytest.raises(TypeError, match="append-only"):
            change()
    assert AuditEntry.objects.get().actor == ""
