"""The process environment and ``.env``, read so that a mistake is one clear line.

A variable ``NAME`` may be given as ``NAME_FILE``, the path of a file that holds it (Docker and
Kubernetes secrets). The process environment wins over ``.env``.
"""

import re
from collections import Counter
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

DEFAULT_ENV_FILE = Path(__file__).resolve().parent.parent / ".env"
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)", re.ASCII)
_NO_ASSIGNMENT = re.compile(r"\s*(?:#|$)")
# A name, `.` in front of one for those below it too, an address (of IPv6 in brackets), or any.
_HOST = re.compile(r"\*|\.?[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\]", re.ASCII | re.IGNORECASE)
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}
_DATABASES = {"postgres", "postgresql", "sqlite"}
# The URL of a SQLite file, or of a database in memory where it is asked for by name.
_SQLITE_FILE = re.compile(r"sqlite://(?:/[^?#]*[^?#/](?:[?#].*)?|:memory:)")


class Environment(environ.FileAwareEnv):  # type: ignore[misc]
    """django-environ's reader, stricter where a secret is concerned."""

    def __init__(self) -> None:
        super().__init__()
        # By variable: a line for the operator that says why `key` or `keys` could not read it.
        self.key_faults: dict[str, str] = {}

    def read_dotenv(self, path: Path) -> bool:
        """Take what ``path`` sets and the environment does not; False if there is no file.

        Raises:
            ImproperlyConfigured: it cannot be read, has a line that sets nothing, or sets a
                variable twice.
        """
        try:
            # Without the byte order mark that editors on Windows put in front.
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise ImproperlyConfigured(f"{shown(path)} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ImproperlyConfigured(f"{shown(path)} cannot be read as UTF-8 text") from None
        ours = self.ENVIRON.env.keys()
        text = "\n".join(
            f"{name}={value}"
            for name, value in _assignments(lines, shown(path))
            if not {name, f"{name}_FILE", name.removesuffix("_FILE")} & ours
        )
        # `overwrite`: otherwise django-environ would open every file named by a _FILE variable.
        self.read_env(StringIO(text), overwrite=True)
        return True

    def secret(self, name: str) -> str:
        """The exact text of a variable or its file; "" where it is not set.

        Only line breaks at its end are dropped; ``$`` is an ordinary character.

        Raises:
            ImproperlyConfigured: ``NAME_FILE`` is unreadable, or disagrees with ``NAME``.
        """
        direct = self.ENVIRON.env.get(name, "").rstrip("\r\n")
        try:
            # django-environ reads the file that `NAME_FILE` names, or else `NAME`.
            value = str(self.ENVIRON.get(name, "")).rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise ImproperlyConfigured(
                f"{name}_FILE names a file that does not exist or cannot be read."
                f" Correct the path, or its permissions.{_remedy(name)}"
            ) from None
        if direct and direct != value:
            raise ImproperlyConfigured(
                f"{name} and {name}_FILE differ; keep one of them.{_remedy(name)}"
            )
        return value

    def key(self, name: str) -> str:
        """Like ``secret``; a fault is noted in ``key_faults``, so a build without keys works."""
        value = self._key(name)
        if not value and self.ENVIRON.env.get(f"{name}_FILE"):
            fault = f"{name}_FILE names a file that is empty.{_remedy(name)}"
            self.key_faults.setdefault(name, fault)
        return value

    def keys(self, name: str) -> list[str]:
        """Several keys, separated by commas or line breaks. Their file may be empty."""
        return _parts(self._key(name))

    def _key(self, name: str) -> str:
        try:
            return self.secret(name)
        except ImproperlyConfigured as error:
            self.key_faults[name] = str(error)
            return ""

    def texts(self, name: str, default: Sequence[str] = ()) -> list[str]:
        """Several texts, separated by commas or line breaks; ``default`` where there are none."""
        return _parts(self.secret(name)) or list(default)

    def hosts(self, name: str, default: Sequence[str]) -> list[str]:
        """Names of hosts as Django compares them: one with a scheme or a port would match none."""
        hosts = self.texts(name, default)
        for number, host in enumerate(hosts, start=1):
            if not _HOST.fullmatch(host):
                raise ImproperlyConfigured(
                    f"{name} must be names of hosts, as secrets.example.com: no https://, port or"
                    f" path. Correct entry {number}"
                )
        return hosts

    def text(self, name: str, default: str) -> str:
        """A variable or its file, without spaces around it; ``default`` where that is empty."""
        return self.secret(name).strip() or default

    def flag(self, name: str) -> bool:
        """True for 1, true, yes or on; False for 0, false, no, off or if not set; else an error."""
        text = self.secret(name).strip().lower()
        if text not in _TRUE | _FALSE:
            raise ImproperlyConfigured(f"{name} must be 1 or 0")
        return text in _TRUE

    def number(self, name: str, default: int, *, highest: int) -> int:
        """A whole number from 1 to ``highest``."""
        text = self.secret(name).strip() or str(default)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= highest):
            raise ImproperlyConfigured(f"{name} must be a number from 1 to {highest}")
        return int(text)

    def word(self, name: str, default: str, *, allowed: Sequence[str]) -> str:
        """One of ``allowed``, in capitals or not."""
        text = self.secret(name).strip().upper() or default
        if text not in allowed:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}")
        return text

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings for the database at a URL; no error repeats its password.

        Raises:
            ImproperlyConfigured: it is no such URL, or names no database.
        """
        text = self.secret(name).strip() or default
        if text.startswith("sqlite:") and not _SQLITE_FILE.fullmatch(text):
            # django-environ would choose a database in memory, which is lost with the process.
            raise ImproperlyConfigured(
                f"{name} names no file: write three slashes and its path: sqlite:////folder/file"
            )
        found = self._read_url(text)
        if not found:
            raise ImproperlyConfigured(
                f"{name} must be like postgres://user:password@host/name or sqlite:////folder/file;"
                " percent-encode special characters of the password"
            )
        # A service names its database in the file pg_service.conf.
        if not (found["NAME"] or "service" in found.get("OPTIONS", {})):
            raise ImproperlyConfigured(
                f"{name} names no database: write its name after the host, as in"
                " postgres://user:password@host/name"
            )
        return found

    def _read_url(self, text: str) -> dict[str, Any]:
        """django-environ's reading of the URL of a database; empty if it is none."""
        try:
            return dict(self.db_url_config(text)) if text.partition("://")[0] in _DATABASES else {}
        except ValueError:
            return {}


def shown(env_file: Path) -> str:
    """How messages name an env file: as ``ENV_FILE`` gives it, or ``.env`` for the default."""
    return env_file.name if env_file == DEFAULT_ENV_FILE else str(env_file)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]


def _assignments(lines: Sequence[str], file: str) -> list[tuple[str, str]]:
    """Names and values as they are written. Nothing else of the file reaches django-environ.

    That skips a line it does not understand, with a warning that quotes the line and its value.
    """
    found: list[tuple[str, str]] = []
    for number, line in enumerate(lines, start=1):
        if assignment := _ASSIGNMENT.match(line):
            found.append((assignment[1], assignment[2]))
        elif not _NO_ASSIGNMENT.match(line):
            raise ImproperlyConfigured(f"Line {number} of {file} is not NAME=value")
    for name, times in Counter(name for name, _ in found).items():
        if times > 1:
            raise ImproperlyConfigured(
                f"{name} is set {times} times in {file}; keep one line.{_remedy(name)}"
            )
    return found


def _remedy(name: str) -> str:
    return " A new key: openssl rand -hex 32" if "_KEY" in name or name == "AUTH_SECRET" else ""
