"""System checks on the addresses that keys are sent to."""

from typing import Any

import pytest

from playground.checks import ADDRESSES, check_addresses


def found(settings: Any, name: str, address: str) -> list[str]:
    setattr(settings, name, address)
    told = check_addresses()
    assert all(name in each.msg for each in told)
    assert "MARKER" not in "".join(f"{each.msg} {each.hint}" for each in told)
    return [each.id or "" for each in told]


@pytest.mark.parametrize("name", ADDRESSES)
def test_the_defaults_are_fine(settings: Any, name: str) -> None:
    assert getattr(settings, name).startswith("https://")
    assert check_addresses() == []


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "address",
    ["https://gateway.example.com", "https://gateway.example.com:8443/openai/v1/",
     "http://localhost:8080/v1", "http://127.0.0.1:1", "http://[::1]:8080/v1"],
)  # fmt: skip
def test_an_address_that_can_be_used_is_fine(settings: Any, name: str, address: str) -> None:
    assert found(settings, name, address) == []


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "address",
    ["", " ", "api.example.com/v1", "//api.example.com", "https://", "ftp://api.example.com",
     "file:///etc/passwd", "https://user:MARKER@api.example.com", "https://MARKER@api.example.com",
     "https://api.example.com/?key=MARKER", "https://api.example.com/#MARKER",
     "https://api.example.com:http", "https://api.example.com:99999", "https://[::1",
     "https://api.example.com/a b", "https://api.example.com\n", "https://бар.example"],
)  # fmt: skip
def test_another_is_an_error_that_does_not_quote_it(settings: Any, name: str, address: str) -> None:
    assert found(settings, name, address) == ["playground.E001"]


def test_keys_in_plain_sight_are_worth_a_warning(settings: Any) -> None:
    assert found(settings, "OPENAI_BASE_URL", "http://gateway:8080/v1") == ["playground.W002"]
