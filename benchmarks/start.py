"""What a start costs: `manage.py check` beside the same command by Django's own `manage.py`.

    python -m benchmarks.start [--starts 15]

They take turns. The CPU seconds of whole processes are compared, for the fastest of each.
"""

import argparse
import os
import resource
import secrets
import subprocess
import sys

DJANGO = "import sys, django.core.management as m; m.execute_from_command_line(sys.argv)"
OURS = ("manage.py", "check")
THEIRS = ("-c", DJANGO, "check")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=15)
    times = [(_cpu(*OURS), _cpu(*THEIRS)) for _ in range(parser.parse_args().starts)]
    ours, theirs = map(min, zip(*times, strict=True))
    print(f"a start {ours:.2f} s, Django's own {theirs:.2f} s, ratio {ours / theirs:.2f}")


def _cpu(*command: str) -> float:
    """The CPU seconds of a Python program, until it has ended."""
    before = _children()
    keys = {"ENCRYPTION_KEY": secrets.token_hex(32), "SECRET_KEY": secrets.token_urlsafe(50)}
    settings = {"ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "polyant.settings"}
    environment = os.environ | keys | settings | {"DATABASE_URL": "sqlite://:memory:"}
    subprocess.run((sys.executable, *command), env=environment, capture_output=True, check=True)
    return _children() - before


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
