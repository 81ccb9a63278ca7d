"""The Skill env tab: sensitive values only go in, readable ones are shown and edited."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from instances.models import AuditEntry, Instance
from secrets_app.models import InstanceSkillEnv
from tests.secrets_app.admin.skill_env_tab import (
    confirm,
    opened,
    put,
    save,
    send,
    sensitivity,
    stored,
    url_of,
)

Browse = Callable[[User], Client]
OTHER_KEY = "2e" * 32


def test_the_tab_lists_skills_and_names_and_opens_nothing(
    client: Client, instance: Instance, settings: Any
) -> None:
    put(instance, TOKEN="MARKER")
    put(instance, REGION="MARKER", sensitive=False)
    settings.ENCRYPTION_KEY = OTHER_KEY
    page = client.get(url_of(instance, "")).content.decode()
    assert url_of(instance) in page
    assert "TOKEN" in page
    assert "REGION" in page
    assert "MARKER" not in page
    assert ">Skill env</a>" in page


def test_a_sensitive_value_is_never_shown_and_a_readable_one_is(
    client: Client, instance: Instance, owner: User
) -> None:
    put(instance, owner, TOKEN="MARKER")
    put(instance, owner, REGION="eu <1>\n2", sensitive=False)
    page = client.get(url_of(instance)).content.decode()
    assert "MARKER" not in page
    assert page.count('placeholder="configured"') == 1
    assert "\neu &lt;1&gt;\n2</textarea>" in page
    assert page.count("UTC by owner") == 2
    for name in ("key-TOKEN", "text-REGION", "new-1", "new-1-name", "new-1-sensitive"):
        assert f'for="{name}"' in page


def test_a_skill_begins_with_its_name(client: Client, instance: Instance) -> None:
    response = client.post(url_of(instance, ""), {"skill": "search"})
    assert response.headers["Location"] == url_of(instance)
    page = client.get(url_of(instance)).content.decode()
    assert "This skill has no variables yet." in page
    assert save(client, instance, new__1__name="TOKEN", new__1="secret").status_code == 302
    assert stored(instance) == {"TOKEN": "secret"}


def test_what_is_no_name_of_a_skill_is_refused(client: Client, instance: Instance) -> None:
    looks_like_a_key = "d41d8cd98f00b204e9800998ecf8427e"
    for name in ("", "MARKER", "-marker", "mar.ker", "marker" * 17, looks_like_a_key):
        page = client.post(url_of(instance, ""), {"skill": name})
        assert page.status_code == 200, repr(name)
        assert 'class="errorlist"' in page.content.decode(), repr(name)
        assert not name or name not in page.content.decode(), repr(name)


def test_blank_keeps_a_text_replaces_and_what_is_readable_is_edited(
    client: Client, instance: Instance
) -> None:
    put(instance, KEPT="old", REPLACED="old")
    put(instance, SAME="a\nb\n", EDITED="old", EMPTIED="old", sensitive=False)
    before = InstanceSkillEnv.objects.get(key="SAME").updated_at
    fields = {"key__REPLACED": "new", "text__EDITED": "new\r\n2", "text__EMPTIED": ""}
    assert save(client, instance, **fields).status_code == 302
    assert stored(instance) == {
        "KEPT": "old", "REPLACED": "new", "SAME": "a\nb\n", "EDITED": "new\n2", "EMPTIED": "",
    }  # fmt: skip
    assert InstanceSkillEnv.objects.get(key="SAME").updated_at == before
    assert sensitivity() == {
        "KEPT": True, "REPLACED": True, "SAME": False, "EDITED": False, "EMPTIED": False,
    }  # fmt: skip


def test_new_variables_are_sensitive_unless_unticked_and_may_have_several_lines(
    client: Client, instance: Instance
) -> None:
    sent = opened(client, instance)
    del sent["new-2-sensitive"], sent["new-3-sensitive"]
    fields = {
        "new__1__name": "PEM", "new__1__lines": "-----BEGIN\r\nabc\r\n",
        "new__2__name": "region", "new__2": "eu", "new__3__name": "EMPTY",
    }  # fmt: skip
    assert send(client, instance, sent, **fields).status_code == 302
    assert stored(instance) == {"PEM": "-----BEGIN\nabc\n", "region": "eu", "EMPTY": ""}
    assert sensitivity() == {"PEM": True, "region": False, "EMPTY": False}


def test_a_tick_removes_after_a_page_that_names_what_goes(
    client: Client, instance: Instance
) -> None:
    put(instance, TOKEN="old")
    put(instance, REGION="eu", sensitive=False)
    ticks = {"key__TOKEN__clear": "on", "remove__REGION": "on"}
    page = save(client, instance, **ticks, new__1__name="OTHER", new__1="MARKER")
    shown = page.content.decode()
    assert "<strong>Remove</strong> TOKEN" in shown
    assert "<strong>Remove</strong> REGION" in shown
    assert "<strong>Add</strong> OTHER" in shown
    assert shown.index("</strong> TOKEN") < shown.index("</strong> OTHER")
    assert "Save 1 and remove 2 variables" in shown
    assert "MARKER" not in shown
    assert stored(instance) == {"TOKEN": "old", "REGION": "eu"}
    assert confirm(client, instance, page).status_code == 302
    assert stored(instance) == {"OTHER": "MARKER"}
    again = confirm(client, instance, page).content.decode()
    assert "nothing left to do" in again


def test_the_history_has_names_and_no_values(
    client: Client, instance: Instance, editor: User
) -> None:
    put(instance, OLD="MARKER")
    page = save(client, instance, key__OLD__clear="on", new__1__name="NEW", new__1="MARKER")
    confirm(client, instance, page)
    entries = AuditEntry.objects.filter(actor=editor.username).order_by("pk")
    assert [(entry.action, entry.names) for entry in entries] == [
        ("skill_env.set", ["search/NEW"]),
        ("skill_env.deleted", ["search/OLD"]),
    ]
    message = LogEntry.objects.get().get_change_message()
    assert message == "Skill env of search: Set NEW. Removed OLD."


def test_a_save_without_anything_entered_changes_nothing(
    client: Client, instance: Instance
) -> None:
    put(instance, REGION="a\r\nb\rc\n", sensitive=False)
    response = client.post(url_of(instance), opened(client, instance), follow=True)
    assert "Nothing was entered" in response.content.decode()
    assert stored(instance) == {"REGION": "a\r\nb\rc\n"}
