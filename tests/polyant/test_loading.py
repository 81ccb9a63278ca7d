"""The garbage collector and what a process loads at its start."""

import gc
import subprocess
import sys

import pytest

from manage import Commands
from polyant import loading


@pytest.fixture
def loaded() -> None:
    loading.begin()
    assert not gc.isenabled()
    Commands(["manage.py", "check"]).fetch_command("check")


@pytest.mark.usefixtures("loaded")
def test_a_command_collects_garbage_but_looks_for_none_in_what_is_loaded() -> None:
    class Ring:
        def __init__(self) -> None:
            self.itself = self

    assert gc.isenabled()
    assert gc.get_freeze_count() > len(gc.get_objects())
    gc.collect()
    Ring()
    assert gc.collect()


def test_a_server_collects_garbage_but_looks_for_none_in_what_is_loaded() -> None:
    program = "import gc, polyant.wsgi; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": "."}
    command = (sys.executable, "-c", program)
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "True True\n"
