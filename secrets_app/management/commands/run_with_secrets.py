import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import connections

from instances.models import Instance
from polyant import database
from polyant.encryption.checks import TAG
from secrets_app.base_environment import DANGEROUS, KEPT
from secrets_app.exceptions import NotStarted
from secrets_app.running import Handover, execute, prepare
from secrets_app.validators import validate_env_key, validate_secret_key


class Command(BaseCommand):
    """Exit code: the program's own. Where none ran: 125 refused, 126 cannot be run, 127 not found;

    2 if the command line is wrong, 1 if this project cannot start (a bad key, say).
    """

    help = (
        "Become a program that has the instance's secrets, and a skill's variables, in its"
        f" environment. Of this environment it has only {', '.join(KEPT)}."
    )
    requires_system_checks = (TAG,)
    stealth_options = ("program",)

    def run_from_argv(self, argv: list[str]) -> None:
        """As Django's, but all that follows the first ``--`` goes to the program unchanged."""
        # argparse would remove a second one: npm run build -- --watch.
        end = argv.index("--") if "--" in argv else len(argv)
        self.program = argv[end + 1 :]
        super().run_from_argv(argv[:end])

    def add_arguments(self, parser: CommandParser) -> None:
        parser.usage = "%(prog)s SLUG [options] -- PROGRAM [its arguments]"
        parser.epilog = f"Refused unless allowed, in either case: {' '.join(KEPT + DANGEROUS)}"
        parser.set_defaults(program=getattr(self, "program", []))
        parser.add_argument("slug", metavar="SLUG", help="the instance")
        parser.add_argument(
            "--skill", default="", help="add the variables of this skill, named as they are"
        )
        parser.add_argument(
            "--only",
            metavar="KEY",
            nargs="*",
            action="extend",
            type=_secret_key,
            help="these secrets alone; without a KEY none",
        )
        parser.add_argument(
            "--prefix", default="", type=_prefix, help="put this in front of the secrets' names"
        )
        parser.add_argument(
            "--allow",
            metavar="NAME",
            nargs="+",
            action="extend",
            default=[],
            help="set this variable although it decides how programs run",
        )
        parser.add_argument(
            "--check", action="store_true", help="only say what would be set; opens no value"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            handover = _prepared(options)
            if options["check"]:
                self._say(handover)
            else:
                _become(options["program"], handover)
        except NotStarted as refusal:
            raise CommandError(refusal.message, returncode=refusal.exit_code) from None
        except DatabaseError as error:
            if trouble := database.trouble(error):
                raise CommandError(trouble, returncode=125) from None
            raise

    def _say(self, handover: Handover) -> None:
        for variable in handover.variables:
            self.stdout.write(f"{variable.name}  from the {variable.origin}")
        if handover.faults:
            raise NotStarted(*handover.faults)


def _prepared(options: dict[str, Any]) -> Handover:
    if not options["program"] and not options["check"]:
        raise NotStarted("Which program? Put it behind --, with its arguments.")
    instance = Instance.objects.filter(slug=options["slug"]).first()
    if instance is None:
        raise NotStarted(f"There is no instance {options['slug']!r}.")
    wanted = {name: options[name] for name in ("only", "skill", "prefix")}
    return prepare(instance, allowed=options["allow"], **wanted)


def _become(program: Sequence[str], handover: Handover) -> NoReturn:
    environment = handover.reveal()
    connections.close_all()  # properly: exec would just drop them
    sys.stdout.flush()
    sys.stderr.flush()
    execute(program, environment)


def _secret_key(text: str) -> str:
    return _valid(text, validate_secret_key)


def _prefix(text: str) -> str:
    return text and _valid(text, validate_env_key)


def _valid(text: str, validate: Any) -> str:
    # The validator's message: argparse's own would repeat the text, which may be a value.
    try:
        validate(text)
    except ValidationError as error:
        raise ArgumentTypeError(error.messages[0]) from None
    return text
