"""Instances and their members over REST."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from instances.models import AccessToken, AuditEntry, Instance, Membership
from instances.roles import Role
from instances.serializers import (
    AuditListing,
    AuditQuery,
    AuditSerializer,
    Deleted,
    InstanceAnswer,
    InstanceChange,
    InstanceListing,
    InstanceSerializer,
    MemberAnswer,
    MemberChange,
    MemberListing,
    MemberSerializer,
    NewInstance,
    PageQuery,
)
from polyant.exceptions import Missing
from polyant.parsers import DEFAULT_MAX_BYTES
from polyant.views import await_body, read, read_query


class InstanceScopedViewSet(viewsets.ViewSet):
    """For callers who reach only their own instances, mostly below ``/api/instances/{slug}``."""

    request: Request

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        await_body(request, getattr(self, "max_body_bytes", DEFAULT_MAX_BYTES))
        super().initial(request, *args, **kwargs)

    def get_instance(self, needed: Role = Role.VIEWER) -> Instance:
        """The instance of the URL, in one query that also asks whether the caller may see it.

        Raises:
            Missing: there is none, or none for this caller; nobody can tell which.
            PermissionDenied: the caller sees it, and lacks the role that is needed.
        """
        instance = self.visible.filter(slug=self.kwargs["slug"]).first()
        if instance is None:
            raise Missing("There is no such instance.")
        if not Role(instance.role).allows(needed):  # type: ignore[attr-defined]
            raise exceptions.PermissionDenied(f"This needs the role {needed} in the instance.")
        return instance

    @property
    def visible(self) -> QuerySet[Instance]:
        return Instance.objects.visible_to(self.user, self.token)

    @property
    def token(self) -> AccessToken | None:
        return self.request.auth if isinstance(self.request.auth, AccessToken) else None

    @property
    def user(self) -> User:
        user = self.request.user
        assert isinstance(user, User), "IsAuthenticated lets nobody else in"
        return user


class InstanceViewSet(InstanceScopedViewSet):
    @extend_schema(parameters=[PageQuery], responses=InstanceListing)
    def list(self, request: Request) -> Response:
        """The instances that the caller may see, by slug."""
        query = read_query(PageQuery, request)
        limit, after = query["limit"], query["after"]
        page = list(self.visible.filter(slug__gt=after).order_by("slug")[: limit + 1])
        answer: dict[str, Any] = {"instances": InstanceSerializer(page[:limit], many=True).data}
        if len(page) > limit:
            answer["nextAfter"] = page[limit - 1].slug
        return Response(answer)

    @extend_schema(request=NewInstance, responses={201: InstanceAnswer})
    def create(self, request: Request) -> Response:
        """Create an instance and become its first admin. Needs the permission to add instances."""
        self.refuse_unless_founder()
        instance = Instance.objects.establish(self.user, **read(NewInstance, request))
        return Response(_answer(instance), status=status.HTTP_201_CREATED)

    def refuse_unless_founder(self) -> None:
        """Raises PermissionDenied for a caller who may not create instances."""
        is_limited = self.token is not None and self.token.is_limited
        if is_limited or not self.user.has_perm("instances.add_instance"):
            raise exceptions.PermissionDenied("You may not create instances.")

    @extend_schema(responses=InstanceAnswer)
    def retrieve(self, request: Request, slug: str) -> Response:
        """One instance."""
        return Response(_answer(self.get_instance()))

    @extend_schema(request=InstanceChange, responses=InstanceAnswer)
    def partial_update(self, request: Request, slug: str) -> Response:
        """Change what is named; the rest stays."""
        instance = self.get_instance(Role.EDITOR)
        changes = read(InstanceChange, request, partial=True)
        return Response(_answer(Instance.objects.change(instance, self.user, **changes)))

    @extend_schema(responses={200: Deleted})
    def destroy(self, request: Request, slug: str) -> Response:
        """Delete the instance and everything under it, at once."""
        Instance.objects.remove(self.get_instance(Role.ADMIN), self.user)
        return Response({"deleted": True})


class MemberViewSet(InstanceScopedViewSet):
    """Who may touch the instance. Members see each other; admins decide."""

    @extend_schema(responses=MemberListing)
    def list(self, request: Request, slug: str) -> Response:
        """The members, by username."""
        members = Membership.objects.listing(self.get_instance())
        return Response({"members": MemberSerializer(members, many=True).data})

    @extend_schema(request=MemberChange, responses=MemberAnswer)
    def update(self, request: Request, slug: str, username: str) -> Response:
        """Make a user a member, or give a member another role. The last admin stays admin: 409."""
        instance = self.get_instance(Role.ADMIN)
        role = Role(read(MemberChange, request)["role"])
        member = Membership.objects.assign(instance, username, role, self.user)
        return Response({"member": MemberSerializer(member).data})

    @extend_schema(responses={200: Deleted})
    def destroy(self, request: Request, slug: str, username: str) -> Response:
        """End a membership. The last admin stays: 409."""
        Membership.objects.remove(self.get_instance(Role.ADMIN), username, self.user)
        return Response({"deleted": True})


class AuditViewSet(InstanceScopedViewSet):
    """Who changed what."""

    @extend_schema(parameters=[AuditQuery], responses=AuditListing)
    def list(self, request: Request, slug: str) -> Response:
        """The newest changes first, by name; values are never recorded. For admins."""
        query = read_query(AuditQuery, request)
        entries = AuditEntry.objects.listing(self.get_instance(Role.ADMIN), **query)
        return Response({"audit": AuditSerializer(entries, many=True).data})


def _answer(instance: Instance) -> dict[str, Any]:
    return {"instance": InstanceSerializer(instance).data}
