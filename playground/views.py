"""What OpenAI's clients ask for: the models, and chat completions."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from instances.models import Instance
from instances.views import InstanceScopedViewSet
from playground import completions
from playground.authentication import InstanceKeyAuthentication
from playground.serializers import ChatAnswer, ChatRequest, ChosenModel, ModelListing
from polyant.openai_errors import handle
from polyant.views import read


class OpenAIViewSet(InstanceScopedViewSet):
    """Whoever sees an instance may use it: a viewer is enough."""

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return handle


class ModelViewSet(OpenAIViewSet):
    @extend_schema(responses=ModelListing, operation_id="v1_models_list")
    def list_models(self, request: Request) -> Response:
        """The active instances that the caller may use, by slug."""
        usable = self.visible.filter(status=Instance.Status.ACTIVE).order_by("slug")
        return Response({"object": "list", "data": [_model(instance) for instance in usable]})


class ChatCompletionViewSet(OpenAIViewSet):
    max_body_bytes = 16 << 20

    def get_authenticators(self) -> list[BaseAuthentication]:
        """An instance's key comes after our tokens, which are known by their prefix."""
        tokens, *others = super().get_authenticators()
        return [tokens, InstanceKeyAuthentication(), *others]

    @extend_schema(
        request=ChatRequest,
        responses={
            200: ChatAnswer,
            (200, "text/event-stream"): OpenApiResponse(bytes, "With `stream`, as it arrives."),
        },
    )
    def create(self, request: Request) -> HttpResponseBase:
        """Ask the provider of an instance; `model` is its slug.

        Members that are not described here are passed on. Besides a token or a session, a caller
        may send the instance's own `auth_api_key` as Bearer, if the instance allows it.
        """
        # First, so that whoever has no instance makes nothing else be looked at.
        instance = self._instance(read(ChosenModel, request)["model"])
        wanted = read(ChatRequest, request)
        page = request.build_absolute_uri(
            reverse("admin:instances_instance_secrets", args=[instance.pk])
        )
        assert isinstance(request.data, dict), "ChatRequest takes nothing else"
        answer = completions.begin(instance, request.data, page)
        if not wanted["stream"]:
            return HttpResponse(answer.read(), content_type="application/json")
        # A proxy that collects the answer would undo the streaming.
        headers = {"X-Accel-Buffering": "no"}
        return StreamingHttpResponse(
            answer.stream(), content_type="text/event-stream", headers=headers
        )

    def _instance(self, slug: str) -> Instance:
        if isinstance(self.request.auth, Instance):
            return self.request.auth
        instance = self.visible.filter(slug=slug).first()
        if instance is None:
            raise completions.unknown_model()
        return instance


def _model(instance: Instance) -> dict[str, Any]:
    """An instance, as OpenAI lists a model."""
    created = int(instance.created_at.timestamp())
    return {"id": instance.slug, "object": "model", "created": created, "owned_by": "polyant"}
