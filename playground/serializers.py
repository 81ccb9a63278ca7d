"""OpenAI's requests and answers, as far as they are read here."""

from typing import Any

from rest_framework import serializers

from polyant.serializers import BooleanField, TextField


class ChatRequest(serializers.Serializer[Any]):
    """What is read of a request. It is passed on whole, with the instance's model in it."""

    default_error_messages = {"invalid": "This must be a JSON object."}  # noqa: RUF012

    model = TextField(max_length=1_000, help_text="The slug of an instance.")
    messages = serializers.ListField(
        child=serializers.DictField(), allow_empty=False, help_text="OpenAI's messages."
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
