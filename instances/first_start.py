"""What a first start makes and a later one finds: tables, static files, a superuser, a demo."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ValidationError
from django.core.management import call_command

from instances.models import Instance
from polyant.environment import Environment
from polyant.exceptions import Conflict
from polyant.exclusive import holding

DEMO_SLUG = "my-assistant"


@dataclass(frozen=True)
class Start:
    """Who signs in, with which password if it was made just now, and an instance to try."""

    username: str
    password: str | None
    slug: str


def prepare() -> None:
    """Bring database and static files up to date. Every step may be repeated at any time.

    Raises:
        Conflict: the static files cannot be written.
    """
    call_command("migrate", verbosity=0, interactive=False)
    try:
        collect_static()
    except OSError as error:
        raise Conflict(
            f"The static files cannot be collected: {error.strerror}."
            " Check the folder staticfiles, and start again."
        ) from None


def establish() -> Start:
    """The first superuser and the demo, made where there are none.

    Raises:
        Conflict: the first superuser cannot have the wanted name.
    """
    user, password = _first_superuser()
    return Start(user.get_username(), password, _demo(user).slug)


def collect_static() -> None:
    """``collectstatic``, unless the sources are the same as last time: hashing takes seconds.

    Django keeps a file that has the right hash in its name, even half a file of a collection that
    was interrupted. So the stamp is deleted first, and without a stamp all files are made anew.
    """
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    stamp, fingerprint = root / "sources.sha256", _fingerprint()
    with holding(root):
        stamped = stamp.read_text() if stamp.exists() else ""
        if stamped != fingerprint:
            stamp.unlink(missing_ok=True)
            call_command("collectstatic", verbosity=0, interactive=False, clear=not stamped)
            stamp.write_text(fingerprint)


def _fingerprint() -> str:
    """Changes when a static file is added, removed or written."""
    found = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in finder.list(ignore_patterns=None):
            stat = Path(storage.path(name)).stat()
            found.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return found.hexdigest()


def _first_superuser() -> tuple[User, str | None]:
    """The superuser who signs in, and the password if it is to be told."""
    existing = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if existing is not None:
        return existing, None
    environment = Environment()
    username = environment.secret("INITIAL_ADMIN_USERNAME") or "admin"
    given = environment.secret("INITIAL_ADMIN_PASSWORD")
    _refuse_name(username)
    password = given or secrets.token_urlsafe(16)
    return User.objects.create_superuser(username, None, password), None if given else password


def _refuse_name(username: str) -> None:
    """Refuse an existing name, too: an ordinary user must not become a superuser by this."""
    try:
        User(username=username, password="!").full_clean()  # noqa: S106
    except ValidationError as error:
        reason = " ".join(error.messages)
        raise Conflict(f"INITIAL_ADMIN_USERNAME cannot be {username!r}: {reason}") from None


def _demo(owner: User) -> Instance:
    """An instance to try things on; the demo is made only if there is no instance."""
    known = Instance.objects.filter(slug=DEMO_SLUG).first() or Instance.objects.first()
    return known or Instance.objects.establish(owner, slug=DEMO_SLUG, name="My assistant")
