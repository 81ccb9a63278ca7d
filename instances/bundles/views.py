"""Export and import over REST."""

from django.contrib.auth.models import User
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from instances.bundles import MAX_BYTES, exporting, importing
from instances.bundles.serializers import Bundle, ImportAnswer, PlanQuery
from instances.models import Instance
from instances.roles import Role
from instances.views import InstanceScopedViewSet, InstanceViewSet
from polyant.views import read, read_query

_FILENAME = OpenApiParameter(
    "Content-Disposition",
    location=OpenApiParameter.HEADER,
    response=[200],
    description="The name of a file to save it under.",
)


class BundleViewSet(InstanceScopedViewSet):
    """The bundle of one instance, out and in."""

    max_body_bytes = MAX_BYTES

    @extend_schema(parameters=[_FILENAME], responses=Bundle)
    def export(self, request: Request, slug: str) -> HttpResponse:
        """The instance as a bundle, without a credential; names of what is configured."""
        return download(request.method, self.get_instance(), self.user)

    @extend_schema(request=Bundle, parameters=[PlanQuery], responses=ImportAnswer)
    def import_onto(self, request: Request, slug: str) -> Response:
        """Import a bundle onto the instance. What the bundle lacks is kept, and so is every
        credential; the warnings name what still has to be entered. For admins."""
        return answer(self, request, self.get_instance(Role.ADMIN))


@extend_schema_view(
    retrieve=extend_schema(exclude=True),
    partial_update=extend_schema(exclude=True),
    destroy=extend_schema(exclude=True),
)
class NewBundleViewSet(InstanceViewSet):
    """A bundle that becomes a new instance."""

    max_body_bytes = MAX_BYTES

    @extend_schema(
        operation_id="api_instances_import_new",
        request=Bundle,
        parameters=[PlanQuery],
        responses={200: ImportAnswer, 201: ImportAnswer},
    )
    def import_new(self, request: Request, slug: str) -> Response:
        """Import a bundle as a new instance and become its first admin. A slug that is taken gets
        `-imported` behind it. Needs the permission to add instances; a plan answers with 200."""
        self.refuse_unless_founder()
        return answer(self, request)


def answer(view: InstanceScopedViewSet, request: Request, onto: Instance | None = None) -> Response:
    """Import the body, or plan to, as the query says."""
    planned = read_query(PlanQuery, request)["plan"]
    verb = importing.plan if planned else importing.apply
    outcome = verb(read(Bundle, request), view.user, onto)
    created = onto is None and not planned
    return Response(outcome.to_wire(), status.HTTP_201_CREATED if created else status.HTTP_200_OK)


def download(method: str | None, instance: Instance, by: User) -> HttpResponse:
    """The bundle of an instance as a file to save. HEAD sends no body, so it is not recorded."""
    head = method == "HEAD"
    bundle = exporting.describe(instance) if head else exporting.export(instance, by)
    filename = exporting.filename(instance)
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return HttpResponse(exporting.to_text(bundle), content_type="application/json", headers=headers)
