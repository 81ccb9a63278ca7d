"""A pasted `.env`: a plan of names first, then all of it at once."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from instances.models import Instance
from secrets_app.models import InstanceSecret
from secrets_app.pasting import Fault, read_env

ENV = """\
# comment
 \t# comment, further in
OPENAI_API_KEY=sk-1 # trailing
SPACED=b \t # trailing
 \t
export GITHUB_TOKEN=it''s

aws_region = "eu-central-1"
PEM="-----BEGIN
two
"
JSON={"a": "b"}
HASH=a#b
ESCAPED="a\\nb\\"c"
WINDOWS="ab\\cd \\\\ \\$x \\t"
URL=postgres://u:p@h/d?x=1
DASHES="--"
QUOTE="\\"x"
"""


def test_a_byte_order_mark_in_front_is_no_part_of_a_name() -> None:
    assert read_env("\ufeffFIRST=a\nSECOND=b").values == {"first": "a", "second": "b"}


def test_what_env_files_have_is_understood() -> None:
    pasted = read_env(ENV)
    assert pasted.values == {
        "openai_api_key": "sk-1",
        "spaced": "b",
        "github_token": "it''s",
        "aws_region": "eu-central-1",
        "pem": "-----BEGIN\ntwo\n",
        "json": '{"a": "b"}',
        "hash": "a#b",
        "escaped": 'a\nb"c',
        "windows": "ab\\cd \\ $x \t",
        "url": "postgres://u:p@h/d?x=1",
        "dashes": "--",
        "quote": '"x',
    }
    assert pasted.faults == []


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("MARKER", 1, ""),
        ("a=1\n\nMARKER-NAME=x", 3, ""),
        ('a="MARKER" trailing', 1, "a"),
        ("a='it''MARKER'", 1, "a"),
        ("empty=", 1, ""),
        ("empty=''", 1, ""),
        ("a=" + "x" * 49_153, 1, "a"),
        ('p="1\n2"\n=MARKER', 3, ""),
        (f"{'x' * 65}=1", 1, ""),
        ("ghp_MARKER6c7e42F292c6912E7710c8383=1", 1, ""),
    ],
)
def test_a_wrong_line_is_named_by_its_number(text: str, line: int, key: str) -> None:
    faults = read_env(text).faults
    assert [(fault.line, fault.key) for fault in faults] == [(line, key)]
    assert "MARKER" not in str(faults)


BLOCK = "-----BEGIN PRIVATE KEY-----\nMIIEx\nmarker_tail==\nmarker=1\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"KEY={BLOCK}", 1),
        (BLOCK, 1),
        ("KEY=-----BEGIN X-----\nMIIEx\nmarker=1", 1),
        ("KEY=-----BEGIN X-----", 1),
        ("KEY=MIIEx\nmarker_tail=", 2),
        ("KEY=MIIEx\nmarker_tail== # comment", 2),
        ('KEY=MIIEx\nmarker_tail=="', 2),
        ("KEY=MIIEx\nmarker_tail=,", 2),
        ("KEY=MIIEx\\\nmarker_1=x\\\nmarker_2=x", 1),
        ('KEY="MIIEx\nmarker_tail=\nmarker=1', 1),
        ("KEY='MIIEx\nmarker=1", 1),
        ('KEY="""MIIEx\nmarker=1\n"""', 1),
        ('KEY={\n  "private_key": "MIIEx\nmarker=x",\n}', 1),
        ('KEY=[\n"MIIEx\nmarker=x"\n]', 1),
    ],
)
def test_the_lines_of_a_value_without_quotes_are_no_names(text: str, line: int) -> None:
    pasted = read_env(text)
    assert [(fault.line, fault.key) for fault in pasted.faults] == [(line, "")]
    assert "marker" not in str(pasted.faults) + repr(list(pasted.values))


def test_what_follows_a_value_without_quotes_is_read_and_counted() -> None:
    pasted = read_env(f"A=1\nKEY={BLOCK}\nB=2\nC=\\\nx\nD={{\n}}\nE=5\n=\n")
    assert pasted.values == {"a": "1", "b": "2", "e": "5"}
    assert [fault.line for fault in pasted.faults] == [2, 8, 10, 13]
    assert "up to line 6" in pasted.faults[0].message


def test_a_block_a_bracket_or_a_quote_that_ends_on_its_line_is_a_value() -> None:
    text = "PEM=-----BEGIN X-----\\nMII=\\n-----END X-----\\n\nLIST=[\"a\"]\nODD=a'b'c'\nIT=it's\n"
    assert list(read_env(text).values.values()) == [
        "-----BEGIN X-----\\nMII=\\n-----END X-----\\n", '["a"]', "a'b'c'", "it's",
    ]  # fmt: skip


def test_a_name_that_stands_twice_is_used_in_neither_line() -> None:
    assert [fault.line for fault in read_env("A=1\nB=1\na=2").faults] == [1, 3]
    pasted = read_env("A=1\nB=1\na=2\nA=3\nC=\nC=4")
    assert pasted.values == {"b": "1", "c": "4"}
    assert [(fault.line, fault.key) for fault in pasted.faults] == [
        (1, "a"), (3, "a"), (4, "a"), (5, ""),
    ]  # fmt: skip


def test_windows_line_ends_are_line_ends() -> None:
    assert read_env("a=1\r\nb=2\r\n").values == {"a": "1", "b": "2"}


def test_no_more_than_a_batch_is_taken() -> None:
    pasted = read_env("\n".join(f"key_{number}=x" for number in range(65)))
    assert len(pasted.values) == 64
    assert pasted.faults == [Fault(65, "At most 64 at once; paste the rest afterwards.", "key_64")]


def test_nothing_of_a_value_is_in_its_repr() -> None:
    assert "MARKER" not in repr(read_env("a=MARKER"))


def test_a_paste_is_previewed_by_name_and_applied_at_once(
    browse: Callable[[User], Client], editor: User, instance: Instance
) -> None:
    InstanceSecret.objects.set_many(instance, {"openai_api_key": "old"}, None)
    client, url = browse(editor), f"/admin/instances/instance/{instance.pk}/secrets/"
    text = "OPENAI_API_KEY=MARKER1\nNEW_ONE=MARKER2\nbad name=MARKER3\n"
    page = client.post(f"{url}paste/", {"text": text})
    shown = " ".join(page.content.decode().split())
    assert "<strong>Replace</strong> openai_api_key" in shown
    assert "<strong>Add</strong> new_one" in shown
    assert "<strong>Line 3</strong>" in shown
    assert "MARKER" not in shown
    assert InstanceSecret.objects.count() == 1
    assert client.post(f"{url}confirm/", {"draft": page.context["draft"]}).status_code == 302
    found = InstanceSecret.objects.reveal_many(instance, ["openai_api_key", "new_one"])
    assert found == {"openai_api_key": "MARKER1", "new_one": "MARKER2"}


def test_a_key_without_quotes_shows_nothing_of_itself(
    browse: Callable[[User], Client], editor: User, instance: Instance
) -> None:
    url = f"/admin/instances/instance/{instance.pk}/secrets/paste/"
    page = browse(editor).post(url, {"text": f"KEY={BLOCK}\nB=\nmarker_tail=\n"})
    assert "put all of it in quotes" in page.content.decode()
    assert "marker" not in page.content.decode()
    assert not page.context["draft"]


def test_a_preview_of_many_letters_beyond_ascii_can_be_confirmed(
    browse: Callable[[User], Client], editor: User, instance: Instance
) -> None:
    client, url = browse(editor), f"/admin/instances/instance/{instance.pk}/secrets/"
    text = "\n".join(f"KEY_{number}={'é' * 24_000}" for number in range(14))
    page = client.post(f"{url}paste/", {"text": text})
    draft = {"draft": page.context["draft"]}
    assert client.post(f"{url}confirm/", draft).status_code == 302
    assert InstanceSecret.objects.reveal(instance, "key_13") == "é" * 24_000


def test_a_paste_full_of_faults_can_be_confirmed_as_its_preview_promises(
    browse: Callable[[User], Client], editor: User, instance: Instance
) -> None:
    client, url = browse(editor), f"/admin/instances/instance/{instance.pk}/secrets/"
    page = client.post(f"{url}paste/", {"text": "A=1\n" + "-\n" * 50_000})
    shown = page.content.decode()
    assert shown.count("This is not of the form NAME=value.") == 100
    assert "And 49900 more lines." in shown
    assert client.post(f"{url}confirm/", {"draft": page.context["draft"]}).status_code == 302
    assert InstanceSecret.objects.reveal(instance, "a") == "1"


def test_a_paste_without_anything_to_store_says_so(
    browse: Callable[[User], Client], editor: User, instance: Instance
) -> None:
    client, url = browse(editor), f"/admin/instances/instance/{instance.pk}/secrets/paste/"
    for text in ("", "\n\n", "# only a comment", "é" * 500_001, "a=\0MARKER"):
        page = client.post(url, {"text": text})
        assert page.status_code == 200, repr(text[:30])
        assert "MARKER" not in page.content.decode(), repr(text[:30])
        assert not page.context.get("draft"), repr(text[:30])
