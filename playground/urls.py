from django.urls import path

from playground import schema  # noqa: F401  (registers how the schema describes the key)
from playground.views import ChatCompletionViewSet, ModelViewSet

urlpatterns = [
    path("models", ModelViewSet.as_view({"get": "list_models"})),
    path(
        "chat/completions",
        ChatCompletionViewSet.as_view({"post": "create"}),
        name="chat_completions",
    ),
]
