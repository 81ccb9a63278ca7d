"""The model providers: where each is reached, and with which secret of an instance."""

from dataclasses import dataclass

from django.conf import settings

from instances.models import Instance


@dataclass(frozen=True)
class Provider:
    """An API that speaks OpenAI's chat completions."""

    label: str
    key: str
    setting: str

    @property
    def completions_url(self) -> str:
        """From the settings alone. Never from a request: the key would follow it."""
        return f"{getattr(settings, self.setting).rstrip('/')}/chat/completions"


PROVIDERS: dict[str, Provider] = {
    Instance.Provider.OPENAI: Provider("OpenAI", "openai_api_key", "OPENAI_BASE_URL"),
    Instance.Provider.ANTHROPIC: Provider("Anthropic", "anthropic_api_key", "ANTHROPIC_BASE_URL"),
}
