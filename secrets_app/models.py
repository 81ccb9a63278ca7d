"""Credentials of an instance, and environment variables of its skills."""

import uuid

from django.conf import settings
from django.db import models

from instances.models import SLUG_MAX_LENGTH, Instance, validate_slug
from polyant.encryption.constraints import CiphertextConstraint
from polyant.encryption.fields import EncryptedTextField
from polyant.encryption.models import EncryptedModel
from secrets_app.managers import InstanceSecretManager
from secrets_app.skill_env_managers import InstanceSkillEnvManager
from secrets_app.validators import validate_env_key, validate_secret_key


class InstanceSecret(EncryptedModel):
    """A credential, by name. Its row is replaced or gone; there is no other state."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="secrets")
    key = models.CharField(max_length=64, validators=[validate_secret_key])
    value = EncryptedTextField(bound_to=("instance_id", "key"))
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = InstanceSecretManager()

    class Meta:
        db_table = "instance_secrets"
        constraints = (
            models.UniqueConstraint(fields=("instance", "key"), name="one_secret_per_key"),
            CiphertextConstraint(field="value", name="instance_secrets_value_is_ciphertext"),
        )

    def __str__(self) -> str:
        return self.key

    @property
    def stamp(self) -> str:
        """Changes whenever the row is written, and when it is removed and set anew."""
        return f"{self.version}@{self.updated_at.isoformat()}"


class InstanceSkillEnv(EncryptedModel):
    """An environment variable of a skill. Encrypted either way; ``sensitive`` is about showing.

    ``sensitive`` is among the bound columns: flipping it in the database does not turn a
    credential into a readable setting, it makes the row unreadable.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="skill_env")
    skill_slug = models.CharField(max_length=SLUG_MAX_LENGTH, validators=[validate_slug])
    key = models.CharField(max_length=255, validators=[validate_env_key])
    value = EncryptedTextField(bound_to=("instance_id", "skill_slug", "key", "sensitive"))
    sensitive = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = InstanceSkillEnvManager()

    class Meta:
        db_table = "instance_skill_env"
        constraints = (
            models.UniqueConstraint(
                fields=("instance", "skill_slug", "key"), name="one_value_per_skill_env_key"
            ),
            CiphertextConstraint(field="value", name="instance_skill_env_value_is_ciphertext"),
        )

    def __str__(self) -> str:
        return f"{self.skill_slug}: {self.key}"

    @property
    def stamp(self) -> str:
        """Changes whenever the row is written, and when it is removed and set anew."""
        return f"{self.pk}@{self.updated_at.isoformat()}"

    def reveal_shown(self) -> str:
        """What people may see of the value: all of a readable one, "" of a sensitive one.

        Raises:
            DecryptionError: a readable one does not open.
        """
        return "" if self.sensitive else str(self.value.reveal())

    # A template that calls what it can would fail on a row that does not open.
    reveal_shown.alters_data = True  # type: ignore[attr-defined]
