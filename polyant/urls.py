"""Every address. Apps bring their own; ``polyant`` names them only as strings."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from polyant import schema  # noqa: F401  (registers how the schema describes signing in)
from polyant.docs import SchemaView, docs
from polyant.encryption.pages import encryption_page
from polyant.health import HealthView, ReadyView
from polyant.views import bad_request, forbidden, no_page, not_found, server_error

admin.autodiscover()
admin.site.site_header = admin.site.site_title = "Polyant secrets"
admin.site.index_title = "Overview"
admin.site.site_url = None  # there is no other site to view

urlpatterns = [
    # The address that a start prints; people have nothing else to see here.
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/encryption/", admin.site.admin_view(encryption_page), name="encryption"),
    # Django's way to a row's page on another site, of which there is none.
    path("admin/r/<path:rest>", no_page),
    path("admin/", admin.site.urls),
    path("health", HealthView.as_view()),
    path("health/ready", ReadyView.as_view()),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", docs),
    path("api/", include("instances.urls")),
    path("api/", include("secrets_app.urls")),
    path("api/", include("channels_app.urls")),
    path("v1/", include("playground.urls")),
]

handler400 = bad_request
handler403 = forbidden
handler404 = not_found
handler500 = server_error
