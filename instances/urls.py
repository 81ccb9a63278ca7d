from typing import Any

from django.urls import path

from instances import converters  # noqa: F401  (registers the URL converters)
from instances.bundles.views import BundleViewSet, NewBundleViewSet
from instances.tokens import InstanceTokenViewSet, TokenView
from instances.views import AuditViewSet, InstanceViewSet, MemberViewSet

ONE_INSTANCE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("auth/token", TokenView.as_view()),
    path("instances", InstanceViewSet.as_view({"get": "list", "post": "create"})),
    # An instance may be called `import`, too: only POST means something else here.
    path(
        "instances/import",
        NewBundleViewSet.as_view({"post": "import_new", **ONE_INSTANCE}),
        {"slug": "import"},
    ),
    path(
        "instances/<instance_slug:slug>",
        InstanceViewSet.as_view(ONE_INSTANCE),
    ),
    path("instances/<instance_slug:slug>/export", BundleViewSet.as_view({"get": "export"})),
    path("instances/<instance_slug:slug>/import", BundleViewSet.as_view({"post": "import_onto"})),
    path("instances/<instance_slug:slug>/audit", AuditViewSet.as_view({"get": "list"})),
    path("instances/<instance_slug:slug>/members", MemberViewSet.as_view({"get": "list"})),
    path(
        "instances/<instance_slug:slug>/members/<username:username>",
        MemberViewSet.as_view({"put": "update", "delete": "destroy"}),
    ),
    path("instances/<instance_slug:slug>/tokens", InstanceTokenViewSet.as_view({"get": "list"})),
    path(
        "instances/<instance_slug:slug>/tokens/<uuid:token_id>",
        InstanceTokenViewSet.as_view({"delete": "destroy"}),
    ),
]
