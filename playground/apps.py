from django.apps import AppConfig
from django.core import checks

from playground.checks import check_addresses


class PlaygroundConfig(AppConfig):
    name = "playground"

    def ready(self) -> None:
        checks.register(check_addresses)
