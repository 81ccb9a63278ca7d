"""What LangSmith is told of a completion: model, times and tokens; texts only where allowed."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from instances.models import Instance
from playground import langsmith_sender
from polyant.encryption.exceptions import DecryptionError
from secrets_app.exceptions import MissingSecret
from secrets_app.models import InstanceSecret

KEY = "langsmith_api_key"
MAX_TEXT = 256 << 10
_LEFT_OUT = "[left out: too long]"

_log = logging.getLogger(__name__)


@dataclass
class Trace:
    """The record of one completion. It is sent once, in the background, and never in the way."""

    instance: Instance
    key: str | None = field(repr=False)
    messages: Any = field(repr=False)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    usage: dict[str, Any] = field(default_factory=dict)
    text: list[str] = field(default_factory=list, repr=False)
    size: int = 0

    @classmethod
    def begin(cls, instance: Instance, body: Mapping[str, Any]) -> Self:
        """For an instance that is not traced it has no key, and then it does nothing."""
        key = _key(instance) if instance.langsmith_enabled else None
        return cls(instance, key, body["messages"] if instance.langsmith_content else None)

    def observe(self, data: bytes, member: str) -> None:
        """Note the JSON of an answer, with its text in ``message``, or of a chunk, in ``delta``."""
        if self.key is None:
            return
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError):
            return
        usage = answer.get("usage") if isinstance(answer, dict) else None
        self.usage = usage if isinstance(usage, dict) else self.usage
        text = text_of(answer, member)
        self.size += len(text)
        if self.instance.langsmith_content and self.size <= MAX_TEXT:
            self.text.append(text)

    def send(self, error: str | None = None) -> None:
        """Send the trace, with the code of the error, if any; later calls do nothing."""
        if self.key is not None:
            langsmith_sender.send(self.key, self._run(error))
            self.key = None

    def _run(self, error: str | None) -> dict[str, Any]:
        """A run, in the words of ``langsmith.Client.create_run``."""
        texts = self.instance.langsmith_content
        answer = "".join(self.text) if self.size <= MAX_TEXT else _LEFT_OUT
        return {
            "name": "chat.completions",
            "run_type": "llm",
            "project_name": self.instance.slug,
            "inputs": {"messages": _bounded(self.messages)} if texts else {},
            "outputs": {"role": "assistant", "content": answer} if texts else {},
            "start_time": self.started,
            "end_time": datetime.now(UTC),
            "error": error,
            "extra": {"metadata": self._metadata()},
        }

    def _metadata(self) -> dict[str, Any]:
        """The names are LangSmith's, which counts tokens and costs by them."""
        counts = {
            theirs: self.usage[ours]
            for ours, theirs in (
                ("prompt_tokens", "input_tokens"),
                ("completion_tokens", "output_tokens"),
                ("total_tokens", "total_tokens"),
            )
            if isinstance(self.usage.get(ours), int)
        }
        return {
            "ls_provider": self.instance.provider,
            "ls_model_name": self.instance.model,
            "ls_model_type": "chat",
            "usage_metadata": counts,
        }


def _key(instance: Instance) -> str | None:
    try:
        return InstanceSecret.objects.reveal(instance, KEY)
    except MissingSecret:
        return None
    except DecryptionError as error:
        _log.warning("%s is not traced: %s", instance.slug, error)
        return None


def text_of(answer: Any, member: str) -> str:
    """The text of the first choice of an answer; "" where there is none."""
    try:
        text = answer["choices"][0][member]["content"]
    except (LookupError, TypeError):
        return ""
    return text if isinstance(text, str) else ""


def _bounded(messages: Any) -> Any:
    return messages if len(json.dumps(messages)) <= MAX_TEXT else _LEFT_OUT
