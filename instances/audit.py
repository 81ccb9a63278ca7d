"""The audit trail: who changed what and when, by name. Values never come near it.

An entry is written by the verb that makes the change, in the same transaction: there is no change
without an entry. An export is recorded too, because readable data leaves the system.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from django.contrib.auth.models import User
from django.db import models

if TYPE_CHECKING:
    from instances.models import Instance


class Action(models.TextChoices):
    """What was done to an instance."""

    INSTANCE_CREATED = "instance.created"
    INSTANCE_CHANGED = "instance.changed"
    INSTANCE_DELETED = "instance.deleted"
    INSTANCE_EXPORTED = "instance.exported"
    INSTANCE_IMPORTED = "instance.imported"
    UNREADABLE_DELETED = "unreadable.deleted"
    MEMBER_ASSIGNED = "member.assigned"
    MEMBER_REMOVED = "member.removed"
    TOKEN_WITHDRAWN = "token.withdrawn"
    SECRETS_SET = "secrets.set"
    SECRET_DELETED = "secret.deleted"
    SKILL_ENV_SET = "skill_env.set"
    SKILL_ENV_DELETED = "skill_env.deleted"
    CHANNEL_CONNECTED = "channel.connected"
    CHANNEL_DISCONNECTED = "channel.disconnected"


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """Rows are added and read; nothing else."""

    def update(self, **_: Any) -> NoReturn:
        raise TypeError("the audit trail is append-only")

    def delete(self) -> NoReturn:
        raise TypeError("the audit trail is append-only")


class AuditManager(models.Manager["AuditEntry"]):
    def get_queryset(self) -> AuditQuerySet:
        return AuditQuerySet(self.model, using=self._db)

    def record(
        self, instance: "Instance", action: Action, names: Iterable[str], by: User | None
    ) -> None:
        """Add an entry. ``by`` None is the system itself: a command, a first start."""
        self.create(
            instance_id=instance.pk,
            instance_slug=instance.slug,
            action=action,
            names=sorted(names),
            actor=by.get_username() if by else "",
        )

    def listing(
        self, instance: "Instance", *, limit: int, before: int | None = None
    ) -> models.QuerySet["AuditEntry"]:
        """The newest entries first; older ones than ``before``, an entry's id, if it is given."""
        entries = self.filter(instance_id=instance.pk).order_by("-pk")
        return (entries.filter(pk__lt=before) if before else entries)[:limit]


class AuditEntry(models.Model):
    """One change. No foreign keys: the trail outlives the instance and the user."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=40, choices=Action.choices)
    instance_id = models.UUIDField()
    instance_slug = models.CharField(max_length=100)
    names = models.JSONField(default=list)

    objects = AuditManager()

    class Meta:
        db_table = "audit_log"
        indexes = (models.Index(fields=("instance_id", "-id"), name="audit_by_instance"),)
        verbose_name_plural = "audit entries"

    @property
    def action_in_words(self) -> str:
        """The action, for people."""
        return _IN_WORDS.get(self.action, self.action)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action} {', '.join(self.names)}"

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise TypeError("the audit trail is append-only")
        super().save(*args, **options)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("the audit trail is append-only")


_IN_WORDS: dict[str, str] = {
    Action.INSTANCE_CREATED: "Created the instance",
    Action.INSTANCE_CHANGED: "Changed the instance",
    Action.INSTANCE_DELETED: "Deleted the instance",
    Action.INSTANCE_EXPORTED: "Exported a bundle",
    Action.INSTANCE_IMPORTED: "Imported a bundle",
    Action.UNREADABLE_DELETED: "Deleted what no key opens",
    Action.MEMBER_ASSIGNED: "Gave a role",
    Action.MEMBER_REMOVED: "Removed a member",
    Action.TOKEN_WITHDRAWN: "Withdrew a token",
    Action.SECRETS_SET: "Set secrets",
    Action.SECRET_DELETED: "Removed a secret",
    Action.SKILL_ENV_SET: "Set variables",
    Action.SKILL_ENV_DELETED: "Removed a variable",
    Action.CHANNEL_CONNECTED: "Saved a channel",
    Action.CHANNEL_DISCONNECTED: "Deleted a channel",
}


def record_wipe(rows: Iterable[Any]) -> None:
    """Add an entry for each instance that loses rows because no key opens them."""
    names: dict[Instance, list[str]] = defaultdict(list)
    for row in rows:
        names[row.instance].append(f"{row._meta.db_table}/{row}")
    for instance, lost in names.items():
        AuditEntry.objects.record(instance, Action.UNREADABLE_DELETED, lost, None)
