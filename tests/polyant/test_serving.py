"""polyant.serving: where `make run` listens, from HOST and PORT."""

import os
import socket
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from polyant.environment import Environment
from polyant.serving import Address, address, serve


@pytest.mark.parametrize("host", [None, "", "localhost"])
def test_without_a_host_only_this_machine_is_served(env: Environment, host: str | None) -> None:
    os.environ.pop("PORT", None)
    os.environ.pop("HOST", None)
    if host is not None:
        os.environ["HOST"] = host
    assert address().url == "http://localhost:4000"
    assert address().resolve() == (socket.AF_INET, "127.0.0.1")


def test_host_and_port_may_stand_in_files(env: Environment, tmp_path: Path) -> None:
    for name, text in (("HOST", "127.0.0.1\n"), ("PORT", "4001\n")):
        os.environ.pop(name, None)
        (tmp_path / name).write_text(text)
        os.environ[f"{name}_FILE"] = str(tmp_path / name)
    assert address() == Address("127.0.0.1", 4001)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_every_interface_is_reached_as_this_machine(env: Environment, host: str) -> None:
    os.environ["HOST"] = host
    assert Address(host, 4000).url == "http://localhost:4000"
    assert address().resolve()[1] == host


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_that_is_elsewhere_is_the_fault_of_host(env: Environment, host: str) -> None:
    os.environ |= {"HOST": host, "PORT": "4000"}
    with pytest.raises(ImproperlyConfigured, match=r"^HOST is not an address of this machine"):
        serve(address(), lambda: None)
