from django.urls import path, register_converter
from django.urls.converters import StringConverter

from instances import converters  # noqa: F401  (registers the URL converters)
from secrets_app.views import SecretViewSet, SkillEnvViewSet


class NameConverter(StringConverter):
    """Any name that could be stored; anything else gives 404."""

    regex = r"[A-Za-z0-9_]{1,255}"


register_converter(NameConverter, "name")

secrets_path = "instances/<instance_slug:slug>/secrets"
env_path = "instances/<instance_slug:slug>/skills/<instance_slug:skill>/env"

urlpatterns = [
    path(secrets_path, SecretViewSet.as_view({"get": "list", "put": "set_many"})),
    path(
        f"{secrets_path}/<name:key>",
        SecretViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
    ),
    path(env_path, SkillEnvViewSet.as_view({"get": "list", "put": "set_many"})),
    path(f"{env_path}/<name:key>", SkillEnvViewSet.as_view({"delete": "destroy"})),
]
