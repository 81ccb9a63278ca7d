"""What a process loads at its start, and the garbage collector meanwhile."""

import gc
import subprocess
import sys

import pytest

from manage import Commands
from polyant import loading

# One process for all that it is asked: its start is what takes long.
SERVER = """
import gc, sys, polyant.wsgi
print(gc.isenabled(), gc.get_freeze_count() > 100_000, 'polyant.urls' in sys.modules)
print({'rich', 'requests', 'langsmith'} & {*sys.modules})
import requests, rich.console
print(requests.get.__name__, rich.console.Console.__name__)
"""


@pytest.fixture(scope="module")
def loaded_server() -> list[str]:
    """What a server that has just been loaded says of itself."""
    return _in_a_new_process(SERVER).splitlines()


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


def test_a_server_collects_garbage_but_looks_for_none_in_what_is_loaded(
    loaded_server: list[str],
) -> None:
    assert loaded_server[0] == "True True True"


def test_a_server_has_loaded_neither_rich_nor_requests_nor_the_sdk_of_langsmith_but_may(
    loaded_server: list[str],
) -> None:
    assert loaded_server[1:] == ["set()", "get Console"]


def test_the_pages_are_loaded_once_somebody_looks_at_them() -> None:
    said = _in_a_new_process(
        "import sys, django; django.setup(); from django.core.checks import run_checks;"
        "pages = lambda: {'instances.pages', 'rest_framework.views'} & {*sys.modules};"
        "print(run_checks(tags=['encryption']), len(pages()));"
        "print(run_checks(tags=['admin']), len(pages()))"
    )
    assert said == "[] 0\n[] 2"


def _in_a_new_process(program: str) -> str:
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": "."}
    command = (sys.executable, "-c", program)
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout.strip()
