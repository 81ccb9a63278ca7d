from argparse import SUPPRESS
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from instances.managers import MAX_TOKEN_DAYS
from instances.models import AccessToken, Instance
from polyant.encryption.checks import TAG
from polyant.exceptions import Refusal


class Command(BaseCommand):
    help = "Print a new token of a user, for `Authorization: Bearer`. It is shown only here."
    requires_system_checks = (TAG,)

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(*args, **kwargs)
        # An option that takes several would take a name behind it, too. So it takes one, and what
        # stands behind that without another `--instance` are further slugs, if a name came before.
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="whose token it is")
        parser.add_argument("more", nargs="*", default=[], help=SUPPRESS)
        default = settings.TOKEN_LIFETIME.days
        days = f"days until it expires, up to {MAX_TOKEN_DAYS}; {default} if it is not given"
        parser.add_argument("--days", type=int, help=days)
        parser.add_argument(
            "--instance",
            metavar="SLUG",
            action="append",
            default=[],
            help="an instance that it may use, and no other; may be given again for another one",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        lifetime = _lifetime(options["days"])
        slugs = [*options["instance"], *options["more"]]
        try:
            # A token that cannot be shown is not made: nobody would know of it.
            with transaction.atomic():
                self.stdout.write(_issue(options["username"], lifetime, slugs))
                self.stdout.flush()
        except Refusal as refusal:
            raise CommandError(refusal.message) from None


def _issue(username: str, lifetime: timedelta, slugs: Sequence[str]) -> str:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(f"No active user has the name {username!r}.")
    instances = _instances(slugs, user) if slugs else None
    issue = AccessToken.objects.issue
    return issue(user, lifetime, instances=instances, label="create_token")[0]


def _instances(slugs: Sequence[str], user: User) -> list[Instance]:
    """Those of the slugs, all of which the user may use: for others the token would be good for
    nothing, and nobody would say so.
    """
    found = list(Instance.objects.filter(slug__in=slugs))
    if unknown := _missing(slugs, found):
        raise CommandError(f"There is no instance {unknown}.")
    visible = list(Instance.objects.visible_to(user, None).filter(slug__in=slugs))
    if foreign := _missing(slugs, visible):
        raise CommandError(
            f"{user.username!r} is no member of {foreign}, and a token could do nothing there. Make"
            " that a member first."
        )
    return visible


def _missing(slugs: Sequence[str], found: Sequence[Instance]) -> str:
    """Those of the slugs that no found instance has, for a message; "" if there are none."""
    return ", ".join(repr(slug) for slug in sorted({*slugs} - {each.slug for each in found}))


def _lifetime(days: int | None) -> timedelta:
    if days is None:
        return settings.TOKEN_LIFETIME
    if not 1 <= days <= MAX_TOKEN_DAYS:
        raise CommandError(f"--days must be from 1 to {MAX_TOKEN_DAYS}.")
    return timedelta(days=days)
