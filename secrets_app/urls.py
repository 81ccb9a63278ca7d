from django.urls import path, register_converter
from django.urls.converters import StringConverter

from instances import converters  # noqa: F401  (registers the URL converters)
from secrets_app.views import SecretViewSet, SkillEnvViewSet


class NameConverter(StringConverter):
    """Any name that could be stored; anything else gives 404."""

    regex = r"[A-Za-z0-9_]{1,255}"


register_converter(NameConverter, "name")

secrets_ = "instances/<instance_slug:slug>/secrets"
env = "instances/<instance_slug:slug>/skills/<instance_slug:skill>/env"

urlpatterns = [
    path(secrets_, SecretViewSet.as_view({"get": "list", "put": "set_many"})),
    path(f"{secrets_}/<name:key>", SecretViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path(env, SkillEnvViewSet.as_view({"get": "list", "put": "set_many"})),
    path(f"{env}/<name:key>", SkillEnvViewSet.as_view({"delete": "destroy"})),
]
