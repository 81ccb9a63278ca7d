"""``/api/schema`` and ``/api/docs``: what the API is, for programs and for people."""

from csp.constants import SELF
from csp.decorators import csp_update
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.views import APIView


class Document(APIView):
    """A document in its own format; a request that does not read it is answered in JSON."""

    def get_renderers(self) -> list[BaseRenderer]:
        is_read = self.request.method in {"GET", "HEAD"}
        return super().get_renderers() if is_read else [JSONRenderer()]


class SchemaView(Document, SpectacularJSONAPIView):
    pass


class DocsView(Document, SpectacularSwaggerSplitView):
    template_name = "docs.html"


# Swagger's icons are data URLs; everything else it needs comes from 'self'.
docs = csp_update({"img-src": [SELF, "data:"]})(DocsView.as_view())
