"""polyant.environment: where secrets come from, and how a mistake is told."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from polyant.environment import Environment
from tests.polyant.conftest import MARKER, refusal

REMEDY = "openssl rand -hex 32"


def test_a_variable_is_read_to_the_letter(env: Environment) -> None:
    for value in ("$HOME", "a=b#c", "'q'", " x ", "${OTHER}", "ключ"):
        os.environ["SOME_KEY"] = value
        assert env.secret("SOME_KEY") == value


def test_a_variable_that_is_not_set_is_empty(env: Environment) -> None:
    assert env.secret("SOME_KEY") == ""
    assert env.keys("SOME_KEY") == env.texts("SOME_KEY") == []
    assert env.texts("SOME_KEY", ["default"]) == ["default"]
    assert env.key("SOME_KEY") == ""
    assert not env.key_faults


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_file_may_hold_the_variable_with_a_line_break_after_it(
    env: Environment, tmp_path: Path, ending: str
) -> None:
    (tmp_path / "key").write_bytes(f" $a b {ending}".encode())
    os.environ["SOME_KEY_FILE"] = str(tmp_path / "key")
    assert env.secret("SOME_KEY") == " $a b "


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_line_break_after_a_variable_is_no_part_of_it(env: Environment, ending: str) -> None:
    os.environ["SOME_KEY"] = f"value{ending}"
    assert env.secret("SOME_KEY") == "value"


@pytest.mark.parametrize("value", ["", "value", "value\n"])
def test_a_variable_that_agrees_with_its_file_or_is_empty_is_fine(
    env: Environment, tmp_path: Path, value: str
) -> None:
    (tmp_path / "key").write_text("value\n")
    os.environ |= {"SOME_KEY": value, "SOME_KEY_FILE": str(tmp_path / "key")}
    assert env.secret("SOME_KEY") == "value"


def test_a_variable_that_disagrees_with_its_file_is_refused(
    env: Environment, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(f"{MARKER} in the file")
    os.environ |= {"SOME_KEY": MARKER, "SOME_KEY_FILE": str(tmp_path / "key")}
    with pytest.raises(ImproperlyConfigured) as caught:
        env.secret("SOME_KEY")
    assert "SOME_KEY_FILE" in refusal(caught, "SOME_KEY")
    assert REMEDY in str(caught.value)


def test_a_fault_of_a_key_waits_for_who_needs_it(env: Environment, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    for name, file in (("SOME_KEY", "nothing"), ("NO_KEY", "empty"), ("MORE_KEYS", "nothing")):
        os.environ[f"{name}_FILE"] = str(tmp_path / file)
    os.environ["OLD_KEYS_FILE"] = str(tmp_path / "empty")
    assert [env.key("SOME_KEY"), env.key("NO_KEY")] == ["", ""]
    assert env.keys("MORE_KEYS") == env.keys("OLD_KEYS") == []
    assert list(env.key_faults) == ["SOME_KEY", "NO_KEY", "MORE_KEYS"]
    for name, fault in env.key_faults.items():
        assert f"{name}_FILE" in fault
        assert REMEDY in fault


@pytest.mark.parametrize("kind", ["missing", "folder", "not UTF-8"])
def test_a_file_that_cannot_be_read_is_refused(env: Environment, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "key"
    if kind == "folder":
        path.mkdir()
    if kind == "not UTF-8":
        path.write_bytes(MARKER.encode() + b"\xff")
    os.environ["SOME_KEY_FILE"] = str(path)
    with pytest.raises(ImproperlyConfigured) as caught:
        env.secret("SOME_KEY")
    assert "SOME_KEY_FILE" in refusal(caught, "SOME_KEY")


@pytest.mark.parametrize("text", ["a,b", " a , b ,", "a\nb\n", "a,\r\nb\r\n"])
def test_a_list_is_parted_by_commas_or_lines(env: Environment, tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").write_bytes(text.encode())
    os.environ["SOME_KEYS_FILE"] = str(tmp_path / "keys")
    assert env.keys("SOME_KEYS") == env.texts("SOME_KEYS", ["default"]) == ["a", "b"]


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_an_empty_text_is_the_default(env: Environment, text: str) -> None:
    assert env.text("SOME_NAME", "default") == "default"
    os.environ["SOME_NAME"] = text
    assert env.text("SOME_NAME", "default") == "default"


def test_a_text_is_read_without_what_surrounds_it(env: Environment, tmp_path: Path) -> None:
    (tmp_path / "name").write_text(" example.com \n")
    os.environ["SOME_NAME_FILE"] = str(tmp_path / "name")
    assert env.text("SOME_NAME", "default") == "example.com"


@pytest.mark.parametrize(
    ("text", "expected"), [("1", True), ("True", True), ("off", False), ("", False)]
)
def test_a_flag_is_read(env: Environment, text: str, expected: bool) -> None:
    os.environ["SOME_FLAG"] = text
    assert env.flag("SOME_FLAG") is expected


def test_a_number_and_a_word_are_read(env: Environment) -> None:
    assert env.number("SOME_NUMBER", 7, highest=9) == 7
    os.environ |= {"SOME_NUMBER": "9", "SOME_WORD": "info"}
    assert env.number("SOME_NUMBER", 7, highest=9) == 9
    assert env.word("SOME_WORD", "ERROR", allowed=("INFO", "ERROR")) == "INFO"


@pytest.mark.parametrize("text", [f"{MARKER}", "0", "-1", "10", "1.0", "9_", "\uff11"])
def test_what_is_no_number_flag_or_word_is_refused(env: Environment, text: str) -> None:
    os.environ["SOME_NAME"] = text
    readers: list[Callable[[], object]] = [
        lambda: env.number("SOME_NAME", 7, highest=9),
        lambda: env.word("SOME_NAME", "INFO", allowed=("INFO",)),
    ]
    for read in readers:
        with pytest.raises(ImproperlyConfigured) as caught:
            read()
        refusal(caught, "SOME_NAME")


@pytest.mark.parametrize("text", ["ture", MARKER, "2"])
def test_what_is_no_flag_is_refused(env: Environment, text: str) -> None:
    os.environ["SOME_FLAG"] = text
    with pytest.raises(ImproperlyConfigured) as caught:
        env.flag("SOME_FLAG")
    refusal(caught, "SOME_FLAG")


def test_the_address_of_a_database_is_read(env: Environment) -> None:
    assert env.database("SOME_URL", "sqlite:////folder/file")["NAME"] == "/folder/file"
    assert env.database("SOME_URL", "sqlite:///file?x=1")["NAME"] == "file"
    assert env.database("SOME_URL", "sqlite://:memory:")["NAME"] == ":memory:"
    assert env.database("SOME_URL", "postgres://?service=here")["OPTIONS"] == {"service": "here"}
    os.environ["SOME_URL"] = "postgres://u:p%2Fw@h:5433/n"
    found = env.database("SOME_URL", "")
    assert (found["PASSWORD"], found["PORT"], found["NAME"]) == ("p/w", 5433, "n")


@pytest.mark.parametrize(
    "text",
    [f"postgres://u:{MARKER}/x@h/n", f"postgres://u:{MARKER}@h:port/n", MARKER,
     f"mysql://u:{MARKER}@h/n", f"http://{MARKER}"],
)  # fmt: skip
def test_what_is_no_address_of_a_database_is_refused(env: Environment, text: str) -> None:
    os.environ["SOME_URL"] = text
    with pytest.raises(ImproperlyConfigured) as caught:
        env.database("SOME_URL", "")
    refusal(caught, "SOME_URL")


@pytest.mark.parametrize(
    "place", ["", "/", "//", MARKER, f"{MARKER}/file", f"/{MARKER}/", "/?x=1", "/#x"]
)
def test_an_address_that_names_no_file_is_no_database_in_memory(
    env: Environment, place: str
) -> None:
    os.environ["SOME_URL"] = f"sqlite://{place}"
    with pytest.raises(ImproperlyConfigured) as caught:
        env.database("SOME_URL", "")
    assert "three slashes and its path: sqlite:////folder/file" in refusal(caught, "SOME_URL")


@pytest.mark.parametrize("rest", ["", "/", "?connect_timeout=1", "/?host=/run/postgresql"])
def test_an_address_of_a_server_alone_is_refused(env: Environment, rest: str) -> None:
    os.environ["SOME_URL"] = f"postgres://u:{MARKER}@localhost{rest}"
    with pytest.raises(ImproperlyConfigured) as caught:
        env.database("SOME_URL", "")
    assert "names no database: write its name after the host" in refusal(caught, "SOME_URL")


@pytest.mark.parametrize(
    "host", ["a", "A.example", "10.0.0.1", ".a-b.example", "*", "[::1]", "[::ffff:10.0.0.1]"]
)
def test_a_host_is_a_name_or_an_address(env: Environment, host: str) -> None:
    os.environ["SOME_HOSTS"] = f"localhost, {host}"
    assert env.hosts("SOME_HOSTS", ()) == ["localhost", host]


@pytest.mark.parametrize(
    "host",
    [f"https://{MARKER}.example", f"{MARKER}.example/", f"{MARKER}.example:443", f"u@{MARKER}",
     f"*.{MARKER}.example", f"{MARKER}.example.", f"{MARKER} a", f"{MARKER}_a", "::1", "."],
)  # fmt: skip
def test_a_host_that_no_request_can_have_is_refused(env: Environment, host: str) -> None:
    os.environ["SOME_HOSTS"] = f"localhost,{host}"
    with pytest.raises(ImproperlyConfigured) as caught:
        env.hosts("SOME_HOSTS", ())
    assert refusal(caught, "SOME_HOSTS").endswith("Correct entry 2")


LISTS = {
    "ALLOWED_HOSTS": ["a.example", "b.example"],
    "CSRF_TRUSTED_ORIGINS": ["https://a.example", "https://b.example"],
}
ADDRESSES = ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "LANGSMITH_ENDPOINT")


def test_the_settings_take_spaces_emptiness_and_files_for_what_they_are(
    settings_of: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    def read(**variables: str) -> list[object]:
        found = settings_of(**variables)
        return [found[name] for name in (*LISTS, *ADDRESSES)]

    assert read(**dict.fromkeys([*LISTS, *ADDRESSES], "")) == read()
    spaced = {name: ", ".join(members) for name, members in LISTS.items()}
    files = {}
    for name in ADDRESSES:
        (tmp_path / name).write_text(f"https://{name.lower()}.example\n")
        files[f"{name}_FILE"] = str(tmp_path / name)
    assert read(**spaced, **files) == [
        *LISTS.values(),
        *[f"https://{name.lower()}.example" for name in ADDRESSES],
    ]


def test_the_settings_refuse_a_host_with_a_scheme(
    settings_of: Callable[..., dict[str, Any]],
) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^ALLOWED_HOSTS must be names of hosts"):
        settings_of(ALLOWED_HOSTS="https://secrets.example.com")


@pytest.mark.parametrize("https", ["0", "1"])
def test_the_settings_refuse_a_flag_that_is_none_also_where_it_has_no_effect(
    settings_of: Callable[..., dict[str, Any]], https: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^BEHIND_PROXY must be 1 or 0$"):
        settings_of(HTTPS=https, BEHIND_PROXY="ture")


def test_every_variable_of_the_example_is_in_the_table_of_the_readme() -> None:
    root = Path(__file__).parents[2]
    example = re.findall(r"^#([A-Z_]+)=", (root / ".env.example").read_text(), re.MULTILINE)
    rows = [line for line in (root / "README.md").read_text().splitlines() if line[:3] == "| `"]
    assert len(example) > 20
    assert not {name for name in example if f"`{name}`" not in "".join(rows)}
