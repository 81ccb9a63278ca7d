import getpass
import os
import re
import sys
from argparse import ArgumentParser
from collections import Counter
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError

from polyant.encryption.adoption import adopt_key, generate_key
from polyant.encryption.checks import TAG
from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import InvalidEncryptionKey
from polyant.encryption.progress import show_progress
from polyant.encryption.reports import (
    rotation_as_json,
    rotation_as_text,
    wiping_as_json,
    wiping_as_text,
)
from polyant.encryption.rotation import rotate
from polyant.encryption.stored import BATCH_SIZE, Progress, all_encrypted_fields, count_rows
from polyant.encryption.wiping import Lost, find_lost, wipe, write_checklist
from polyant.environment import shown

EXIT_INCOMPLETE = 3
_LARGEST_BATCH = 1_000_000

# Written below the report, which cannot know what a server with the old key writes after it.
_BEFORE_REMOVAL = (
    "Remove no fallback yet if a server was running: what it writes until its restart needs the old"
    " key. Restart every server, run rotate_encryption_key once more, and only then remove one."
)
# argparse's message if two options exclude each other. It holds nothing that was typed.
_EXCLUSIVE = re.compile(r"argument (--[a-z-]+): not allowed with argument (--[a-z-]+)")


class Command(BaseCommand):
    """Exit code 0: every row is under the primary key. 3: done, but some are not; it says which.

    Rows that are under it already are not opened: ``check_encryption`` does that.
    """

    help = "Re-encrypt every stored value under ENCRYPTION_KEY, with traffic on."
    requires_system_checks = (TAG, Tags.models)  # it writes ciphertext: E101 to E105 as well

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(*args, **kwargs)
        parser.error = partial(_refuse, parser)  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        way = parser.add_mutually_exclusive_group()
        way.add_argument("--generate", action="store_true", help="put a new key into .env first")
        way.add_argument(
            "--new-key",
            action="store_true",
            help="put the key of NEW_ENCRYPTION_KEY_FILE, or of standard input, into .env first",
        )
        way.add_argument(
            "--wipe-unreadable", action="store_true", help="delete the rows that no key opens"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask before wiping")
        parser.add_argument("--dry-run", action="store_true", help="open and seal, write nothing")
        size = f"rows that are written at a time; {BATCH_SIZE} if it is not given"
        parser.add_argument("--batch-size", type=int, default=BATCH_SIZE, metavar="ROWS", help=size)
        parser.add_argument("--only", metavar="TABLE,…", help="these tables only")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *_: Any, **options: Any) -> None:
        only = _tables(options)
        _refuse_contradictions(**options)
        # Ask the database first: otherwise each failed try would add another key to .env.
        count_rows(only)
        try:
            if options["wipe_unreadable"]:
                self._wipe(only, options)
            else:
                self._rotate(only, options)
        except DatabaseError as error:
            # manage.py prints it after the reason.
            has_new = options["generate"] or options["new_key"]
            again = "run this again, without a new key" if has_new else "run this again"
            error.add_note(f"What was done so far stays; {again}")
            raise

    def _rotate(self, only: frozenset[str], options: dict[str, Any]) -> None:
        if options["generate"] or options["new_key"]:
            self._adopt(generate_key() if options["generate"] else _read_key())
        size, dry_run = options["batch_size"], options["dry_run"]
        work = count_rows(only, [get_keyring().primary.key_id])
        with self._progress(work, options) as progress:
            report = rotate(only=only, batch_size=size, dry_run=dry_run, progress=progress)
        written = rotation_as_json(report) if options["json"] else rotation_as_text(report)
        self.stdout.write(written)
        if options["generate"] or options["new_key"]:
            self.stderr.write(_BEFORE_REMOVAL)
        if not report.is_complete:
            sys.exit(EXIT_INCOMPLETE)

    def _adopt(self, text: str) -> None:
        file = shown(settings.ENV_FILE)
        try:
            keyring = adopt_key(text, settings.ENV_FILE)
        except InvalidEncryptionKey as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(
                f"{file} cannot be put on disk: {error.strerror}. It is as it was, or has both"
                " keys. If that cannot be mended, put the new key in by hand, as on several hosts:"
                " README, Changing the master key."
            ) from None
        self.stderr.write(
            f"{file} now has the new key {keyring.primary.key_id} and keeps the old one as"
            " fallback. Restart every server: until then it seals with the old one."
        )

    def _wipe(self, only: frozenset[str], options: dict[str, Any]) -> None:
        with self._progress(count_rows(only), options) as progress:
            lost = find_lost(only, progress)
        labels = [each.label for each in lost]
        if not options["json"]:
            self.stdout.writelines(f"unreadable: {label}\n" for label in labels)
        checklist, deleted = "", 0
        if lost and not options["dry_run"]:
            checklist = _save_checklist(lost)
            if not options["yes"]:
                _ask(f"{checklist} says what to enter again.\nType wipe to delete these rows: ")
            with self._progress(Counter(label.table for label in labels), options) as progress:
                deleted = wipe(lost, progress)
        written = wiping_as_json if options["json"] else wiping_as_text
        self.stdout.write(written(labels, checklist=checklist, deleted=deleted))

    def _progress(
        self, work: dict[str, int], options: dict[str, Any]
    ) -> AbstractContextManager[Progress]:
        return show_progress(self.stderr, {} if options["json"] else work)


def _refuse(parser: CommandParser, message: str) -> NoReturn:
    """Exit with argparse's message without the rejected text, which may be a key."""
    if both := _EXCLUSIVE.fullmatch(message):
        parser.exit(2, f"{both[1]} and {both[2]} exclude each other. Nothing was done.\n")
    told = message.partition(":")[0]
    parser.exit(2, f"{told}; it is not repeated here. See --help. Nothing was done.\n")


def _refuse_contradictions(
    *, dry_run: bool, generate: bool, new_key: bool, wipe_unreadable: bool, **options: Any
) -> None:
    if not 1 <= options["batch_size"] <= _LARGEST_BATCH:
        raise CommandError(f"--batch-size takes a number of rows, from 1 to {_LARGEST_BATCH}")
    if dry_run and (generate or new_key):
        raise CommandError(
            f"A dry run takes no new key: it would write it into {shown(settings.ENV_FILE)}."
        )
    if wipe_unreadable and options["json"] and not (options["yes"] or dry_run):
        raise CommandError("--json asks nothing: add --yes, or --dry-run to look first.")
    if os.environ.get("NEW_ENCRYPTION_KEY_FILE") and not new_key:
        raise CommandError("NEW_ENCRYPTION_KEY_FILE is set: add --new-key, or unset it.")


def _tables(options: dict[str, Any]) -> frozenset[str]:
    """The tables of ``--only``; an empty set means all, so an empty ``--only`` is refused."""
    if options["only"] is None:
        return frozenset()
    only = frozenset(options["only"].split(","))
    known = {field.model._meta.db_table for field in all_encrypted_fields()}
    if not only <= known:
        raise CommandError(f"--only takes some of: {', '.join(sorted(known))}")
    return only


def _save_checklist(lost: list[Lost]) -> str:
    """Write the file that says what to enter again; its name."""
    path = Path(f"re-enter-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.txt")
    try:
        write_checklist(lost, path)
    except OSError as error:
        raise CommandError(
            f"The list of what to enter again cannot be written here: {error.strerror}."
            " Nothing was deleted; run this in another folder."
        ) from None
    return path.name


def _ask(question: str) -> None:
    try:
        typed = input(question)
    except EOFError:
        typed = ""
    if typed != "wipe":
        raise CommandError("Nothing was deleted.")


def _read_key() -> str:
    """A key from a file or standard input: an argument would be visible in the process list."""
    try:
        if path := os.environ.get("NEW_ENCRYPTION_KEY_FILE"):
            return Path(path).read_text(encoding="utf-8").strip()
        if sys.stdin.isatty():
            return getpass.getpass("New key (64 hex characters): ").strip()
        return sys.stdin.readline().strip()
    except (OSError, EOFError, UnicodeDecodeError):
        raise CommandError(
            "The new key cannot be read as text: see NEW_ENCRYPTION_KEY_FILE, or what comes on"
            " standard input."
        ) from None
