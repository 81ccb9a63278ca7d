"""`manage.py COMMAND --help`, for each command of ours."""

from argparse import SUPPRESS

import pytest
from django.core.management import BaseCommand, get_commands, load_command_class

OURS = ("instances", "polyant.encryption", "secrets_app")
COMMANDS = sorted(name for name, app in get_commands().items() if app in OURS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_says_what_it_is(name: str) -> None:
    command = load_command_class(get_commands()[name], name)
    assert isinstance(command, BaseCommand)
    assert command.help
    actions = command.create_parser("manage.py", name)._actions
    assert not [each.dest for each in actions if not each.help and each.help != SUPPRESS]
