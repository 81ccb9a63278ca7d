"""Verbs on instances, members and tokens."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q, Value
from django.utils import timezone

from instances.audit import Action, AuditEntry
from instances.roles import Role
from polyant.exceptions import Conflict, Invalid, Missing
from polyant.names import is_a_name

if TYPE_CHECKING:
    from instances.models import AccessToken, Instance, Membership

TOKEN_PREFIX = "ply_"
MAX_TOKEN_DAYS = 3650
# The label of tokens that were traded for a password.
SIGN_IN_LABEL = "sign-in"
_FORMS = UUID("6f2d8c1e-3b74-5f0a-9c55-0d7e4a1b92c3")


class InstanceManager(models.Manager["Instance"]):
    def get_queryset(self) -> models.QuerySet["Instance"]:
        # Up to 10 MB that only an export and an import look at.
        return super().get_queryset().defer("bundle_extras")

    def visible_to(self, user: User, token: "AccessToken | None") -> models.QuerySet["Instance"]:
        """The instances that ``user`` may see, each with their ``role`` in it.

        A superuser has every instance; a limited token has no more than the instances it names.
        """
        if user.is_superuser:
            visible = self.annotate(role=Value(Role.ADMIN))
        else:
            visible = self.filter(memberships__user=user).annotate(role=F("memberships__role"))
        return visible.filter(access_tokens=token) if token and token.is_limited else visible

    @transaction.atomic
    def establish(self, creator: User | None, **fields: Any) -> "Instance":
        """A new instance with its creator as its first admin; without one, for superusers only.

        Raises:
            Invalid: the slug looks like a credential.
            Conflict: it is taken.
        """
        if not is_a_name(fields["slug"]):
            told = "This looks like a credential, and a slug is shown; choose another."
            raise Invalid(told, path="slug", code="invalid_slug")
        try:
            with transaction.atomic():
                instance = self.create(**fields)
        except IntegrityError:
            raise Conflict("This slug is taken; choose another.") from None
        if creator is not None:
            instance.memberships.create(user=creator, role=Role.ADMIN)
        AuditEntry.objects.record(instance, Action.INSTANCE_CREATED, fields, creator)
        return instance

    @transaction.atomic
    def change(self, instance: "Instance", by: User | None, **fields: Any) -> "Instance":
        """Set the fields that are named; the rest stays, even if others change it at the same time.

        Raises:
            Missing: it has been deleted.
        """
        instance = self.lock(instance)
        if not fields:
            return instance
        for name, value in fields.items():
            setattr(instance, name, value)
        instance.save(update_fields=[*fields, "updated_at"])
        AuditEntry.objects.record(instance, Action.INSTANCE_CHANGED, fields, by)
        return instance

    @transaction.atomic
    def remove(self, instance: "Instance", by: User | None) -> None:
        """Delete the instance and all that is under it; the audit trail stays.

        Raises:
            Missing: it has been deleted.
        """
        # Lock the whole row: writers below it wait, and then find that it is gone.
        instance = _existing(self.select_for_update().filter(pk=instance.pk).first())
        AuditEntry.objects.record(instance, Action.INSTANCE_DELETED, (), by)
        instance.delete()

    def lock(self, instance: "Instance") -> "Instance":
        """The instance as it is now, locked until the transaction ends.

        For rules that span rows (the last admin, what a merge finds); inserts under the instance
        go on, because its key is not locked.

        Raises:
            Missing: it has been deleted.
        """
        return _existing(self.select_for_update(no_key=True).filter(pk=instance.pk).first())


class MembershipManager(models.Manager["Membership"]):
    def listing(self, instance: "Instance") -> models.QuerySet["Membership"]:
        """The members by name, with their users."""
        return self.filter(instance=instance).select_related("user").order_by("user__username")

    @transaction.atomic
    def assign(
        self, instance: "Instance", username: str, role: Role, by: User | None
    ) -> "Membership":
        """Make a user a member, or give a member another role.

        Raises:
            Missing: no active user has this name.
            Conflict: the last admin would stop being one, or the member is deactivated.
            PermissionDenied: ``by`` has meanwhile stopped being an admin.
        """
        type(instance).objects.lock(instance)
        if role != Role.ADMIN:
            self._keep_an_admin(instance, username)
        self._require_admin(instance, by)
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            self._refuse_deactivated(instance, username)
            raise Missing("No active user has this name.")
        member, _ = self.update_or_create(instance=instance, user=user, defaults={"role": role})
        AuditEntry.objects.record(instance, Action.MEMBER_ASSIGNED, [f"{username}: {role}"], by)
        return member

    @transaction.atomic
    def remove(self, instance: "Instance", username: str, by: User | None) -> None:
        """End a membership; at once, for every token and session of that user.

        Raises:
            Missing: no such member.
            Conflict: it is the last admin.
            PermissionDenied: ``by`` has meanwhile stopped being an admin.
        """
        type(instance).objects.lock(instance)
        self._keep_an_admin(instance, username)
        self._require_admin(instance, by)
        deleted, _ = self.filter(instance=instance, user__username=username).delete()
        if not deleted:
            raise Missing("No member has this name.")
        AuditEntry.objects.record(instance, Action.MEMBER_REMOVED, [username], by)

    def _refuse_deactivated(self, instance: "Instance", username: str) -> None:
        if self.filter(instance=instance, user__username=username).exists():
            raise Conflict(
                "This account is deactivated and keeps its role; remove it, or activate it first."
            )

    def _require_admin(self, instance: "Instance", by: User | None) -> None:
        """Ask under the lock: whoever was removed while waiting for it could let others in."""
        admins = self.filter(instance=instance, role=Role.ADMIN).values("user")
        allowed = User.objects.filter(Q(is_superuser=True) | Q(pk__in=admins), is_active=True)
        if by and not allowed.filter(pk=by.pk).exists():
            raise PermissionDenied

    def _keep_an_admin(self, instance: "Instance", username: str) -> None:
        admins = self.filter(instance=instance, role=Role.ADMIN, user__is_active=True)
        if list(admins.values_list("user__username", flat=True)) == [username]:
            raise Conflict("This is the last admin; make somebody else admin first.")


class AccessTokenManager(models.Manager["AccessToken"]):
    @transaction.atomic
    def issue(
        self,
        user: User,
        lifetime: timedelta,
        *,
        instances: Collection["Instance"] | None = None,
        label: str = "",
        form: str = "",
        ends_with_password: bool = False,
    ) -> tuple[str, "AccessToken"]:
        """A new token: its text, which exists only here, and its row.

        With ``instances`` it is limited to these; an empty collection is limited to none. Issued
        again for the same ``form`` of this user, it replaces the first, which nobody saw.
        ``ends_with_password``: it ends when the user's password is changed, as a session does.

        Raises:
            Missing: one of them has been deleted.
        """
        # Lock them before any row below them, as a deletion does, and always in the same order.
        for instance in sorted(instances or (), key=lambda each: each.pk):
            type(instance).objects.lock(instance)
        self.filter(user=user, expires_at__lte=timezone.now()).delete()
        text = TOKEN_PREFIX + secrets.token_urlsafe(32)
        fields = {
            "user": user,
            "label": label,
            "digest": _digest(text),
            "password_mark": user.get_session_auth_hash() if ends_with_password else "",
            "is_limited": instances is not None,
            "expires_at": timezone.now() + lifetime,
        }
        if form:
            pk = uuid5(_FORMS, f"{user.pk} {form}")
            token, _ = self.update_or_create(pk=pk, defaults=fields)
        else:
            token = self.create(**fields)
        token.instances.set(instances or ())
        return text, token

    def authenticate(self, text: str) -> "AccessToken | None":
        """The token of this text with its user, in one query.

        None if it has expired or ended with the password, or if its user is not active.
        """
        live = self.filter(expires_at__gt=timezone.now(), user__is_active=True)
        token = live.select_related("user").filter(digest=_digest(text)).first()
        return None if token and token.has_ended_with_password else token

    def limited_to(self, instance: "Instance") -> models.QuerySet["AccessToken"]:
        """The unexpired tokens that name an instance, the newest first, with their users."""
        named = self.filter(instances=instance, is_limited=True, expires_at__gt=timezone.now())
        return named.select_related("user").order_by("-created_at", "pk")

    @transaction.atomic
    def withdraw(self, instance: "Instance", pk: UUID, by: User) -> "AccessToken":
        """Cut a limited token off from an instance; one that names no other is deleted.

        Raises:
            Missing: no token of this id names the instance, or the instance is gone.
        """
        # Two admins of this instance at once: the second finds it done.
        type(instance).objects.lock(instance)
        token = _limited(self.limited_to(instance).filter(pk=pk).first())
        # Remove the link before locking the token, in the order a deletion uses; otherwise the two
        # could deadlock.
        token.instances.remove(instance)
        # Two admins of two instances at once: one of them must see that the token has none left.
        _limited(self.select_for_update().filter(pk=pk).first())
        if not token.instances.exists():
            self.filter(pk=pk).delete()
        AuditEntry.objects.record(instance, Action.TOKEN_WITHDRAWN, [str(token)], by)
        return token


def _existing(instance: "Instance | None") -> "Instance":
    if instance is None:
        raise Missing("There is no such instance.")
    return instance


def _limited(token: "AccessToken | None") -> "AccessToken":
    if token is None:
        raise Missing("No token of this id is limited to this instance.")
    return token


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
