#!/usr/bin/env python3
"""What the Makefile calls: makes the virtualenv, then runs, tests and checks the project.

Standard library only, and syntax old Pythons can parse: it has to tell them that they are too old.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NoReturn

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent
# VENV names a virtualenv that is managed elsewhere: it is used as it is.
VENV = Path(os.environ.get("VENV") or ROOT / ".venv")
PYTHON = str(VENV / "bin" / "python")
LOCKS = ("requirements.txt", "requirements-dev.txt")

# The variables of the caller's environment that tests and checks may see. A DATABASE_URL or a key
# that is meant for production must not reach them.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TERM", "TZ", "CI", "PYTEST_ADDOPTS")

# The tests of a file run in one process, so that its fixtures, some of them whole servers, are made
# once; and in the order that tests/conftest.py gives them.
_TWO_CORES = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")


def run(*_: str) -> NoReturn:
    """make everything ready and serve http://localhost:4000 (HOST, PORT, DATABASE_URL, …)"""
    _install(LOCKS[:1])
    # The database file, like `.env`, must be readable by its owner only.
    os.umask(0o077)
    # The server replaces this process, so that a signal reaches it directly; one that comes too
    # early is held back until the server is ready for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
    os.execv(PYTHON, [PYTHON, "manage.py", "start"])


def test(*arguments: str) -> None:
    """run the whole suite on SQLite, then on PostgreSQL; arguments go to pytest"""
    _install(LOCKS)
    with tempfile.TemporaryDirectory(prefix="polyant-test-") as scratch:
        environment = _clean_environment() | {"TMPDIR": scratch}
        reports = [Path(scratch, f"{name}.xml") for name in ("sqlite", "postgresql")]
        failures = 0
        launchers = ((), ("-m", "tests.postgresql", PYTHON))
        for report, launcher in zip(reports, launchers, strict=True):
            print(f"\n=== Tests on {report.stem}", flush=True)
            pytest = ("-m", "pytest", *_TWO_CORES, f"--junitxml={report}", *arguments)
            failures += _call(PYTHON, *launcher, *pytest, env=environment) != 0
        counts = [_count(report) for report in reports]
    print("{} passed, {} failed, {} skipped".format(*map(sum, zip(*counts, strict=True))))
    # A run in which no test was executed proves nothing.
    _stop_on_failure(failures or not all(passed + failed for passed, failed, _ in counts))


def check(*_: str) -> None:
    """lint, formatting, types, architecture, settings, migrations and the API schema"""
    _install(LOCKS)
    no_keys = _clean_environment() | {"DATABASE_URL": "sqlite://:memory:"}
    keys = {"ENCRYPTION_KEY": secrets.token_hex(32), "SECRET_KEY": secrets.token_urlsafe(50)}
    manage = (PYTHON, "manage.py")
    schema = ("spectacular", "--validate", "--fail-on-warn", "--file", os.devnull)
    deploy = ("check", "--deploy", "--fail-level", "WARNING")
    steps = (
        ("lint", (_tool("ruff"), "check", "."), no_keys),
        ("format", (_tool("ruff"), "format", "--check", "."), no_keys),
        ("types", (_tool("mypy"), "."), no_keys),
        ("architecture", (_tool("lint-imports"),), no_keys),
        ("settings for production", (*manage, *deploy), no_keys | keys | {"HTTPS": "1"}),
        ("migrations", (*manage, "makemigrations", "--check", "--dry-run"), no_keys),
        ("API schema", (*manage, *schema), no_keys),
    )
    failed = [name for name, command, env in steps if _step(name, *command, env=env)]
    if failed:
        sys.exit("Failed: {}".format(", ".join(failed)))
    print("\nAll checks passed.")


def requirements(*arguments: str) -> None:
    """compile requirements*.in into the locks; arguments, such as --upgrade, go to uv"""
    with tempfile.TemporaryDirectory(prefix="polyant-lock-") as scratch:
        _make_venv(Path(scratch))
        python = str(Path(scratch, "bin", "python"))
        _stop_on_failure(_call(python, "-m", "pip", "install", "--quiet", "uv"))
        options = ("--python-version", "3.11", "--universal", "--generate-hashes", "--no-header")
        for lock in LOCKS:
            source = lock.replace(".txt", ".in")
            names = ("--quiet", source, "--output-file", lock)
            compiler = (python, "-m", "uv", "pip", "compile")
            _stop_on_failure(_call(*compiler, *options, *names, *arguments))


def screenshots(*arguments: str) -> None:
    """take the pictures in docs/screenshots anew; needs Chromium"""
    _install(LOCKS)
    environment = _clean_environment()
    pytest = ("-m", "pytest", "-q", "tests/browser/screenshots.py", *arguments)
    _stop_on_failure(_call(PYTHON, *pytest, env=environment))


def _install(locks: tuple[str, ...]) -> None:
    """Install what the locks name, unless the virtualenv has it already."""
    if "VENV" in os.environ:
        return
    if not (Path(PYTHON).exists() and (VENV / "bin" / "pip").exists()):
        print(f"Making a virtualenv in {VENV.name}...", flush=True)
        _make_venv(VENV)
    stamp = VENV / "installed-locks.txt"
    wanted = {f"{hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()}  {lock}" for lock in locks}
    if not (stamp.exists() and wanted <= set(stamp.read_text().splitlines())):
        _pip_install(locks)
        stamp.write_text("\n".join(sorted(wanted)))


def _make_venv(folder: Path) -> None:
    command = (sys.executable, "-m", "venv", "--clear", str(folder))
    if subprocess.run(command, capture_output=True, check=False).returncode:
        shutil.rmtree(folder, ignore_errors=True)
        sys.exit(
            "Cannot make a virtualenv: Python's venv module is missing or broken."
            " On Debian and Ubuntu: apt install python3-venv"
        )


def _pip_install(locks: tuple[str, ...]) -> None:
    print("Installing {}...".format(" and ".join(locks)), flush=True)
    files = [argument for lock in locks for argument in ("--requirement", lock)]
    quietly = ("--quiet", "--disable-pip-version-check", "--no-input")
    if _call(PYTHON, "-m", "pip", "install", *quietly, "--require-hashes", *files):
        sys.exit("pip could not install the requirements; the reason is above. Try again.")


def _clean_environment() -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed_on, "ENV_FILE": os.devnull}


def _tool(name: str) -> str:
    return str(VENV / "bin" / name)


def _step(name: str, *command: str, env: dict[str, str]) -> int:
    print(f"\n=== {name}", flush=True)
    return _call(*command, env=env)


def _call(*command: str, env: dict[str, str] | None = None) -> int:
    """Run a command; its exit code. If we are stopped, stop it and wait until it has cleaned up."""
    with subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise


def _count(report: Path) -> tuple[int, int, int]:
    """How many tests passed, failed and were skipped; zeros if pytest wrote no report."""
    if not report.exists():
        return 0, 0, 0
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    tests, failed, errors, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites)
        for name in ("tests", "failures", "errors", "skipped")
    )
    return tests - failed - errors - skipped, failed + errors, skipped


def _stop_on_failure(code: int) -> None:
    if code:
        sys.exit(1)


def _help(*_: str) -> None:
    for verb in (run, test, check, requirements, screenshots):
        print(f"make {verb.__name__:<14}{verb.__doc__}")


def main(verb: str = "help", *arguments: str) -> None:
    """Do what ``verb`` says."""
    verbs = {each.__name__: each for each in (run, test, check, requirements, screenshots)}
    if sys.version_info < OLDEST_PYTHON:
        version = "{}.{}".format(*OLDEST_PYTHON)
        sys.exit(f"Python {version} or newer is needed: PYTHON=python{version} make {verb}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    verbs.get(verb, _help)(*arguments)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
