"""``/api/schema`` and ``/api/docs``: what the API is, for programs and for people."""

from threading import Lock
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.http.response import HttpResponseBase
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.views import APIView

_one_at_a_time = Lock()


class Document(APIView):
    """A document in its own format; a request that does not read it is answered in JSON."""

    def get_renderers(self) -> list[BaseRenderer]:
        is_read = self.request.method in {"GET", "HEAD"}
        return super().get_renderers() if is_read else [JSONRenderer()]


class SchemaView(Document, SpectacularJSONAPIView):
    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # drf-spectacular loads its extensions with the first document of a process, and fails if
        # another one is begun meanwhile.
        with _one_at_a_time:
            return super().dispatch(*args, **kwargs)


class DocsView(Document, SpectacularSwaggerSplitView):
    template_name = "docs.html"


# Swagger's icons are data URLs; everything else it needs comes from 'self'.
docs = csp_update({"img-src": [SELF, "data:"]})(DocsView.as_view())
