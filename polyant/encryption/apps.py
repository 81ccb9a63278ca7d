from django.apps import AppConfig
from django.core import checks

from polyant.encryption.checks import TAG, check_encryption_keys, check_stored_keys


class EncryptionConfig(AppConfig):
    name = "polyant.encryption"

    def ready(self) -> None:
        checks.register(check_encryption_keys, TAG)
        checks.register(check_stored_keys, checks.Tags.database)
