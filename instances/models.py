"""Instances, who may touch them, and the API tokens of users."""

import uuid

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.crypto import constant_time_compare

from instances.audit import AuditEntry
from instances.managers import AccessTokenManager, InstanceManager, MembershipManager
from instances.roles import Role
from polyant.names import validate_is_a_name

SLUG_PATTERN = r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
SLUG_MAX_LENGTH = 100

validate_slug = RegexValidator(
    rf"\A{SLUG_PATTERN}\Z",
    "Use lowercase letters, digits, hyphens and underscores; begin and end with a letter or digit.",
    code="invalid_slug",
)


class Instance(models.Model):
    """One assistant. Everything that belongs to it is deleted with it."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        DISABLED = "disabled"

    class Provider(models.TextChoices):
        OPENAI = "openai", "OpenAI"
        ANTHROPIC = "anthropic"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(
        max_length=SLUG_MAX_LENGTH, unique=True, validators=[validate_slug, validate_is_a_name]
    )
    name = models.CharField(max_length=255)
    description = models.TextField(null=True, blank=True, max_length=10_000)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.ACTIVE)
    provider = models.CharField(max_length=20, choices=Provider.choices, null=True, blank=True)
    model = models.CharField(max_length=100, null=True, blank=True)
    auth_enabled = models.BooleanField(default=False)
    langsmith_enabled = models.BooleanField(
        "LangSmith", default=False, help_text="Trace chat completions: times, tokens, model."
    )
    langsmith_content = models.BooleanField(
        "LangSmith content", default=False, help_text="Also send prompts and answers."
    )
    # Members of an imported bundle that we do not model, to give back unchanged.
    bundle_extras = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = InstanceManager()

    class Meta:
        db_table = "instances"
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.slug


class Membership(models.Model):
    """A user's role in an instance."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    role = models.CharField(max_length=20, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MembershipManager()

    class Meta:
        db_table = "instance_members"
        constraints = (
            models.UniqueConstraint(fields=("instance", "user"), name="one_role_per_member"),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.role} · {self.instance}"


class AccessToken(models.Model):
    """A Bearer token of a user. Only its SHA-256 is kept: 256 random bits need no slow hash.

    ``is_limited`` stays true when the last of ``instances`` is deleted; without it, such a token
    would turn from one that may use a single instance into one that may use them all.

    ``password_mark`` is Django's hash for sessions of the password that the token was traded for,
    and "" where it was not traded for one: it ends with a session, when that password is changed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_tokens"
    )
    label = models.CharField(max_length=100, blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    password_mark = models.CharField(max_length=64, blank=True, editable=False)
    is_limited = models.BooleanField(default=False)
    instances = models.ManyToManyField(
        Instance, blank=True, related_name="access_tokens", db_table="access_token_instances"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    objects = AccessTokenManager()

    class Meta:
        db_table = "access_tokens"

    @property
    def has_ended_with_password(self) -> bool:
        """True if it was traded for a password that is no longer its owner's."""
        if not self.password_mark:
            return False
        # As with a session, a mark made with an older SECRET_KEY counts while that is a fallback.
        marks = (self.user.get_session_auth_hash(), *self.user.get_session_auth_fallback_hash())
        return not any(constant_time_compare(self.password_mark, each) for each in marks)

    def __str__(self) -> str:
        return f"token “{self.label}” of {self.user}" if self.label else f"token of {self.user}"


__all__ = ["AccessToken", "AuditEntry", "Instance", "Membership"]
