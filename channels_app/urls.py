from django.urls import path

from channels_app.views import ChannelViewSet
from instances import converters  # noqa: F401  (registers the URL converters)

channels = "instances/<instance_slug:slug>/channels"

urlpatterns = [
    path(channels, ChannelViewSet.as_view({"get": "list"})),
    path(
        f"{channels}/<str:kind>",
        ChannelViewSet.as_view({"get": "retrieve", "put": "connect", "delete": "destroy"}),
    ),
]
