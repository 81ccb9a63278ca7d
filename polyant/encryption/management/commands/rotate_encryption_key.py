import getpass
import os
import sys
from argparse import ArgumentParser
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from polyant.encryption.adoption import adopt_key, generate_key
from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import InvalidEncryptionKey
from polyant.encryption.progress import show_progress
from polyant.encryption.reports import rotation_as_json, rotation_as_text
from polyant.encryption.rotation import rotate
from polyant.encryption.stored import BATCH_SIZE, all_encrypted_fields, count_rows
from polyant.encryption.wiping import find_lost, wipe, write_checklist

EXIT_INCOMPLETE = 3
FROM_OUTSIDE = "from outside"


class Command(BaseCommand):
    """Exit code 0: every row is under the primary key. 3: done, but some are not; it says which."""

    help = "Re-encrypt every stored value under ENCRYPTION_KEY, with traffic on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        way = parser.add_mutually_exclusive_group()
        way.add_argument("--generate", action="store_true", help="put a new key into .env first")
        way.add_argument(
            "--new-key",
            nargs="?",  # so that a key that is put here all the same can be refused unrepeated
            const=FROM_OUTSIDE,
            help="put the key of NEW_ENCRYPTION_KEY_FILE, or of standard input, into .env first",
        )
        way.add_argument(
            "--wipe-unreadable", action="store_true", help="delete the rows that no key opens"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask before wiping")
        parser.add_argument("--dry-run", action="store_true", help="open and seal, write nothing")
        parser.add_argument("--batch-size", type=int, default=BATCH_SIZE, metavar="ROWS")
        parser.add_argument("--only", default="", metavar="TABLE,…", help="these tables only")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *_: Any, **options: Any) -> None:
        only = _tables(options)
        if options["wipe_unreadable"]:
            self._wipe(only, ask=not options["yes"], dry_run=options["dry_run"])
            return
        if options["new_key"] not in (None, FROM_OUTSIDE):
            raise CommandError(
                "A key on the command line is seen by everybody who lists processes: make another"
                " one, and pass it on standard input or as NEW_ENCRYPTION_KEY_FILE."
            )
        if options["generate"] or options["new_key"]:
            self._adopt(generate_key() if options["generate"] else _read_key(), options)
        size, dry_run = options["batch_size"], options["dry_run"]
        primary = get_keyring().primary.key_id
        work = {} if options["json"] else count_rows(only, except_key=primary)
        with show_progress(self.stderr, work) as progress:
            report = rotate(only=only, batch_size=size, dry_run=dry_run, progress=progress)
        written = rotation_as_json(report) if options["json"] else rotation_as_text(report)
        self.stdout.write(written)
        if not report.is_complete:
            sys.exit(EXIT_INCOMPLETE)

    def _adopt(self, text: str, options: dict[str, Any]) -> None:
        if options["dry_run"]:
            raise CommandError("A dry run takes no new key: it would write it into .env.")
        try:
            keyring = adopt_key(text, settings.ENV_FILE)
        except InvalidEncryptionKey as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f".env cannot be rewritten: {error.strerror}") from None
        self.stderr.write(
            f".env now has the new key {keyring.primary.key_id} and keeps the old one as fallback."
            " Restart the server: it still has the old one only."
        )

    def _wipe(self, only: frozenset[str], *, ask: bool, dry_run: bool) -> None:
        with show_progress(self.stderr, count_rows(only)) as progress:
            lost = find_lost(only, progress)
        for each in lost:
            self.stdout.write(f"unreadable: {each.label}")
        if not lost or dry_run:
            self.stdout.write(f"{len(lost)} rows do not open; nothing was deleted.")
            return
        path = Path(f"re-enter-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.txt")
        write_checklist(lost, path)
        self.stdout.write(f"What to enter again is in {path.name} and its .json twin.")
        if ask and _typed(f"Type wipe to delete these {len(lost)} rows: ") != "wipe":
            raise CommandError("Nothing was deleted.")
        work = Counter(each.label.table for each in lost)
        with show_progress(self.stderr, work) as progress:
            deleted = wipe(lost, progress)
        self.stdout.write(f"{deleted} rows deleted.")


def _tables(options: dict[str, Any]) -> frozenset[str]:
    only = frozenset(filter(None, options["only"].split(",")))
    known = {field.model._meta.db_table for field in all_encrypted_fields()}
    if not only <= known:
        raise CommandError(f"--only takes some of: {', '.join(sorted(known))}")
    if options["batch_size"] < 1:
        raise CommandError("--batch-size takes a number of rows, at least 1")
    return only


def _typed(question: str) -> str:
    try:
        return input(question)
    except EOFError:
        return ""


def _read_key() -> str:
    """A key from a file or standard input: an argument would stand in the list of processes."""
    if path := os.environ.get("NEW_ENCRYPTION_KEY_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise CommandError("NEW_ENCRYPTION_KEY_FILE names a file that cannot be read") from None
    if sys.stdin.isatty():
        return getpass.getpass("New key (64 hex characters): ").strip()
    return sys.stdin.readline().strip()
