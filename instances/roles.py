"""What a member of an instance may do."""

from django.db import models


class Role(models.TextChoices):
    """A viewer sees names; an editor sets and deletes; an admin also decides who may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def allows(self, needed: "Role") -> bool:
        """True where this role may do what ``needed`` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)
