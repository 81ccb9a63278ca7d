"""OpenAI's requests and answers, as far as they are read here."""

from typing import Any

from rest_framework import serializers

from polyant.serializers import BooleanField, TextField

# No conversation has so many; a body of 16 MiB could have more.
MAX_MESSAGES = 100_000


class MessagesField(serializers.ListField):
    """JSON objects. Only the first thing that is none is told: a small body has so many that to
    tell of each would take seconds."""

    child = serializers.DictField()

    def run_child_validation(self, data: list[Any]) -> list[Any]:
        for number, message in enumerate(data):
            if not isinstance(message, dict):
                fault = serializers.ErrorDetail("This must be a JSON object.", "not_a_dict")
                raise serializers.ValidationError({str(number): [fault]})
        return data


class ChosenModel(serializers.Serializer[Any]):
    """For whom a request is: as much of it as is read before that is known."""

    default_error_messages = {"invalid": "This must be a JSON object."}  # noqa: RUF012

    model = TextField(max_length=1_000, help_text="The slug of an instance.")


class ChatRequest(ChosenModel):
    """OpenAI's request. Members that are not described here are passed on."""

    messages = MessagesField(
        allow_empty=False, max_length=MAX_MESSAGES, help_text="OpenAI's messages."
    )
    stream = BooleanField(required=False, allow_null=True, default=False)


class ChatAnswer(serializers.Serializer[Any]):
    """The provider's own answer."""

    id = serializers.CharField()
    object = serializers.CharField()
    model = serializers.CharField(help_text="The provider's name of the model.")
    choices = serializers.ListField(child=serializers.DictField())
    usage = serializers.DictField(required=False)


class ModelEntry(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The slug of an instance.")
    object = serializers.CharField(help_text="`model`")
    created = serializers.IntegerField(help_text="Seconds since 1970.")
    owned_by = serializers.CharField()


class ModelListing(serializers.Serializer[Any]):
    object = serializers.CharField(help_text="`list`")
    data = ModelEntry(many=True)  # type: ignore[assignment]
