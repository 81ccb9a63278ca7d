"""What a member of an instance may do."""

from django.db import models


class Role(models.TextChoices):
    """A viewer sees names; an editor sets and deletes; an admin also decides who may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    @property
    def meaning(self) -> str:
        """What the role may do, for people; each may also do what the one before it may."""
        return _MEANINGS[self]

    def allows(self, needed: "Role") -> bool:
        """True where this role may do what ``needed`` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


_MEANINGS = {
    Role.VIEWER: "sees which names are configured, and the members; uses /v1 and exports",
    Role.EDITOR: "also sets and deletes secrets, channels and variables, and changes the instance",
    Role.ADMIN: "also decides about members and tokens, reads the audit trail, imports, deletes",
}
