"""Bundles on the wire."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from rest_framework import serializers

from instances.bundles import MAX_ENTRIES
from instances.bundles.credentials import CREDENTIAL_FAULT, find_faults, is_key
from instances.bundles.sections import WarningType, all_sections
from instances.serializers import NewInstance
from polyant.serializers import Answer, StrictSerializer, TextField


def validate_version(version: str) -> None:
    """Raises ValidationError unless it is 1.x: within it, versions only add members."""
    if not re.fullmatch(r"1\.[0-9]{1,3}", version, re.ASCII):
        raise ValidationError("Only bundles of version 1.x can be read.", code="version")


def validate_type(kind: str) -> None:
    """Raises ValidationError unless it is a bundle of an instance."""
    if kind != "instance":
        raise ValidationError('Only bundles of the type "instance" can be read.', code="type")


def validate_name(name: str) -> None:
    """Raises ValidationError unless it may name a provider or a channel type, ours or another.

    Such a name is shown, in answers and on terminals.
    """
    if not re.fullmatch(r"[a-z0-9_-]{1,50}", name):
        told = "This takes 1 to 50 lowercase letters, digits, hyphens and underscores."
        raise ValidationError(told, code="invalid")
    if is_key(name):
        raise ValidationError(str(CREDENTIAL_FAULT), code=CREDENTIAL_FAULT.code)


class OpenSerializer(StrictSerializer):
    """Keeps the members that it does not know, as they are, in ``rest`` of its result.

    A credential among them is refused: ``rest`` is stored readable, and exported.
    """

    is_closed = False

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            return super().to_internal_value(data)
        known = {name: value for name, value in data.items() if name in self.fields}
        rest = {name: value for name, value in data.items() if name not in known}
        faults = {path: [fault] for path, fault in find_faults(data, without=self.fields)}
        try:
            result = super().to_internal_value(known)
        except serializers.ValidationError as error:
            # The errors of a serializer's fields are a dict, by member.
            detail = error.detail if isinstance(error.detail, dict) else {}
            raise serializers.ValidationError({**detail, **faults}) from None
        if faults:
            raise serializers.ValidationError(faults)
        return {**result, "rest": rest}


class NullableText(TextField):
    """A text or null. An empty text is null, as in a form of the public engine."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_null=True, allow_blank=True, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(None if data == "" else data)


class BundledInstance(OpenSerializer, NewInstance):
    """An instance in a bundle. An import onto an existing one keeps what is absent here."""

    # The public engine has more providers than this project.
    provider = NullableText(validators=[validate_name], required=False)  # type: ignore[assignment]
    model = NullableText(max_length=100, required=False)

    def get_fields(self) -> dict[str, Any]:
        sections = {
            section.member: section.entry(many=True, required=False, max_length=MAX_ENTRIES)  # type: ignore[call-arg]
            for section in all_sections()
        }
        return {**super().get_fields(), **sections}


class Bundle(OpenSerializer):
    """An exported instance, of this project or of the public engine."""

    version = TextField(validators=[validate_version], help_text="1.0")
    exportedAt = TextField(required=False)
    type = TextField(validators=[validate_type], help_text="instance")
    instance = BundledInstance()


class PlanQuery(serializers.Serializer[Any]):
    """Strict: a request that means ``plan``, however it is written, must never write."""

    plan = serializers.BooleanField(
        default=False, help_text="Answer as an import would, but change nothing."
    )

    def to_internal_value(self, data: Any) -> Any:
        """Takes a ``QueryDict``; ``?plan`` alone is true."""
        if not {*data} <= {"plan"} or len(data.getlist("plan")) > 1:
            fault = serializers.ErrorDetail(
                "The query takes plan, once, and nothing else; nothing was changed.", "invalid"
            )
            raise serializers.ValidationError({"non_field_errors": [fault]})
        # DRF would take an empty value for a form's checkbox that is not ticked.
        return super().to_internal_value({name: value or "1" for name, value in data.items()})


class BundleWarning(serializers.Serializer[Any]):
    """The names say, for programs, what `message` is about."""

    type = serializers.ChoiceField(WarningType.choices)
    message = serializers.CharField()
    key = serializers.CharField(required=False)
    skillSlug = serializers.CharField(required=False)
    channelType = serializers.CharField(required=False)
    names = serializers.ListField(child=serializers.CharField(), required=False)


class ImportAnswer(Answer):
    slug = serializers.CharField()
    instanceId = serializers.UUIDField(
        allow_null=True, help_text="Null in a plan of a new instance: there is none yet."
    )
    warnings = BundleWarning(many=True)
