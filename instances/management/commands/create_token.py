from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from instances.managers import MAX_TOKEN_DAYS
from instances.models import AccessToken, Instance
from polyant.encryption.checks import TAG
from polyant.exceptions import Refusal


class Command(BaseCommand):
    help = "Print a new token of a user, for `Authorization: Bearer`. It is shown only here."
    requires_system_checks = (TAG,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        days = f"days until it expires, up to {MAX_TOKEN_DAYS}"
        parser.add_argument("--days", type=int, help=days)
        parser.add_argument(
            "--instance",
            metavar="SLUG",
            nargs="+",
            action="extend",
            help="the token may use no other instances than these",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        lifetime = _lifetime(options["days"])
        try:
            self.stdout.write(_issue(options["username"], lifetime, options["instance"]))
        except Refusal as refusal:
            raise CommandError(refusal.message) from None


def _issue(username: str, lifetime: timedelta, slugs: Sequence[str] | None) -> str:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(f"No active user has the name {username!r}.")
    instances = None if slugs is None else _instances(slugs)
    issue = AccessToken.objects.issue
    return issue(user, lifetime, instances=instances, label="create_token")[0]


def _instances(slugs: Sequence[str]) -> list[Instance]:
    found = list(Instance.objects.filter(slug__in=slugs))
    unknown = sorted(set(slugs) - {instance.slug for instance in found})
    if unknown:
        raise CommandError(f"There is no instance {', '.join(map(repr, unknown))}.")
    return found


def _lifetime(days: int | None) -> timedelta:
    if days is None:
        return settings.TOKEN_LIFETIME
    if not 1 <= days <= MAX_TOKEN_DAYS:
        raise CommandError(f"--days must be from 1 to {MAX_TOKEN_DAYS}.")
    return timedelta(days=days)
