"""The pages that export and import: what is shown first is what is done."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from instances.bundles import MAX_BYTES, size
from instances.models import AuditEntry, Instance, Membership
from secrets_app.models import InstanceSkillEnv
from tests.instances.bundles.conftest import MARKER, bundle

Browse = Callable[[User], Client]
LIST = "/admin/instances/instance/"
NEW = f"{LIST}import/"
ENV = [{"skillSlug": "search", "key": "REGION", "encrypted": False, "value": "eu"}]
CONTENT = bundle(
    name="Imported", prompts=["p"], secrets=[{"key": "a", "configured": True}], skillEnv=ENV
)


def url_of(instance: Instance, page: str = "bundle") -> str:
    return f"{LIST}{instance.pk}/{page}/"


def upload(client: Client, url: str, content: Any) -> Any:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(url, {"file": SimpleUploadedFile("b.json", raw, "application/json")})


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def founder(browse: Browse, owner: User) -> Client:
    """An admin of ``my-assistant`` who may also add instances."""
    owner.user_permissions.add(Permission.objects.get(codename="add_instance"))
    return browse(owner)


def test_a_viewer_downloads_the_bundle_and_cannot_import(
    browse: Browse, viewer: User, instance: Instance
) -> None:
    client = browse(viewer)
    page = text(client.get(url_of(instance)))
    assert url_of(instance, "bundle/download") in page
    assert "Show what would change" not in page
    response = client.get(url_of(instance, "bundle/download"))
    assert response["Content-Disposition"].startswith("attachment; filename=")
    assert json.loads(response.content)["instance"]["slug"] == "my-assistant"
    assert upload(client, url_of(instance), CONTENT).status_code == 403
    assert client.post(url_of(instance, "bundle/confirm"), {"draft": "x"}).status_code == 403


def test_an_outsider_finds_nothing(browse: Browse, outsider: User, instance: Instance) -> None:
    client = browse(outsider)
    for page in ("bundle", "bundle/download", "bundle/confirm"):
        response = client.get(url_of(instance, page))
        assert response.status_code == 404, page
        assert "My assistant" not in text(response), page


def test_the_plan_is_shown_and_then_done(browse: Browse, owner: User, instance: Instance) -> None:
    client = browse(owner)
    plan = upload(client, url_of(instance), CONTENT)
    instance.refresh_from_db()
    assert instance.name == "My assistant"
    assert not AuditEntry.objects.exists()
    for shown in (
        "Import into My assistant",
        "name, what is only kept for the next export",
        "search/REGION",
        "Set the secret a.",
    ):
        assert shown in text(plan)
    done = client.post(url_of(instance, "bundle/confirm"), {"draft": plan.context["draft"]})
    assert done.status_code == 200
    assert "Set the secret a." in text(done)
    instance.refresh_from_db()
    assert instance.name == "Imported"
    assert InstanceSkillEnv.objects.reveal(instance, "search") == {"REGION": "eu"}
    assert LogEntry.objects.get().get_change_message() == "Imported a bundle."


def test_the_page_does_not_show_the_bundle_that_it_carries(
    browse: Browse, owner: User, instance: Instance
) -> None:
    content = bundle(prompts=[MARKER], skillEnv=[{**ENV[0], "value": MARKER}])
    assert MARKER not in text(upload(browse(owner), url_of(instance), content))


def test_a_change_meanwhile_is_shown_and_asked_about_again(
    browse: Browse, owner: User, instance: Instance
) -> None:
    client = browse(owner)
    plan = upload(client, url_of(instance), CONTENT)
    Instance.objects.change(instance, None, name="Imported")
    again = client.post(url_of(instance, "bundle/confirm"), {"draft": plan.context["draft"]})
    assert "Something was changed after you looked" in text(again)
    assert not InstanceSkillEnv.objects.exists()
    done = client.post(url_of(instance, "bundle/confirm"), {"draft": again.context["draft"]})
    assert "The bundle is imported." in text(done)
    assert InstanceSkillEnv.objects.exists()


def test_a_bundle_that_changes_nothing_says_so(
    browse: Browse, owner: User, furnished: Instance
) -> None:
    client = browse(owner)
    exported = client.get(url_of(furnished, "bundle/download")).json()
    assert "Everything in the bundle is so already." in text(
        upload(client, url_of(furnished), exported)
    )


def test_a_draft_that_is_not_ours_imports_nothing(
    browse: Browse, superuser: User, owner: User, instance: Instance
) -> None:
    theirs = upload(browse(superuser), url_of(instance), CONTENT).context["draft"]
    client = browse(owner)
    for draft in ("", "v1.x", theirs):
        response = client.post(url_of(instance, "bundle/confirm"), {"draft": draft})
        assert response.status_code == 302, repr(draft[:9])
    instance.refresh_from_db()
    assert instance.name == "My assistant"


def test_a_draft_for_one_instance_is_none_for_another(
    browse: Browse, superuser: User, instance: Instance, other_instance: Instance
) -> None:
    client = browse(superuser)
    draft = upload(client, url_of(instance), CONTENT).context["draft"]
    for url in (url_of(other_instance, "bundle/confirm"), f"{NEW}confirm/"):
        assert client.post(url, {"draft": draft}).status_code == 302
    assert not Instance.objects.filter(name="Imported").exists()


def test_faults_are_listed_by_their_paths(founder: Client, instance: Instance) -> None:
    content = bundle(name=5, secrets=[{"key": "a", "configured": MARKER}])
    for url in (NEW, url_of(instance)):
        page = text(upload(founder, url, content))
        assert "instance.name" in page
        assert "instance.secrets.0.configured" in page
        assert MARKER not in page


def test_a_file_that_is_no_bundle_is_refused(founder: Client) -> None:
    for content in (b"", b"{", b"\xff", b" " * (MAX_BYTES + 1), b"[1]"):
        response = upload(founder, NEW, content)
        assert response.status_code == 200, repr(content[:9])
        assert not response.context["form"].is_valid(), repr(content[:9])


def test_no_file_is_said_to_be_missing(founder: Client) -> None:
    assert "This field is required." in text(founder.post(NEW))


def test_a_large_bundle_waits_for_its_confirmation_compressed(
    founder: Client, settings: Any
) -> None:
    more_than_a_form_takes = "n" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    plan = upload(founder, NEW, bundle(prompts=[more_than_a_form_takes]))
    done = founder.post(f"{NEW}confirm/", {"draft": plan.context["draft"]})
    assert "The bundle is imported." in text(done)


def test_a_bundle_too_large_for_a_page_is_sent_elsewhere(founder: Client) -> None:
    # Longer than the 32 KiB in which zlib looks for what repeats.
    row = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(20_000))
    raw = json.dumps(bundle(prompts=[row * 32]), ensure_ascii=False).encode()
    assert "manage.py import_instance" in text(upload(founder, NEW, raw))


def test_what_would_be_too_large_to_export_is_said(
    founder: Client, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size, "MAX_BYTES", 10_000)
    content = bundle(prompts=["n" * (10_000 - 150)])
    for url in (url_of(instance), NEW):
        response = upload(founder, url, content)
        assert response.status_code == 302
        assert "too large to be imported again" in text(founder.get(response["Location"]))
    assert not Instance.objects.filter(slug="new").exists()


def test_a_bundle_becomes_a_new_instance(founder: Client, owner: User) -> None:
    assert NEW in text(founder.get(LIST))
    plan = upload(founder, NEW, CONTENT)
    assert "Import as new" in text(plan)
    assert not Instance.objects.filter(slug="new").exists()
    done = founder.post(f"{NEW}confirm/", {"draft": plan.context["draft"]})
    made = Instance.objects.get(slug="new")
    assert (made.name, Membership.objects.get(instance=made).user) == ("Imported", owner)
    assert url_of(made, "secrets") in text(done)


def test_sending_the_confirmation_again_asks_again(founder: Client) -> None:
    draft = upload(founder, NEW, CONTENT).context["draft"]
    founder.post(f"{NEW}confirm/", {"draft": draft})
    again = founder.post(f"{NEW}confirm/", {"draft": draft})
    assert "Import as new-imported" in text(again)
    assert "Perhaps your first click has imported the bundle already" in text(again)
    assert "Nothing has been imported" not in text(again)
    assert Instance.objects.filter(slug__startswith="new").count() == 1


def test_who_may_not_add_instances_has_no_such_page(
    browse: Browse, editor: User, instance: Instance
) -> None:
    client = browse(editor)
    assert NEW not in text(client.get(LIST))
    for url in (NEW, f"{NEW}confirm/"):
        assert client.get(url).status_code == client.post(url).status_code == 403


def test_there_is_nothing_to_look_at_where_a_confirmation_goes(
    founder: Client, instance: Instance
) -> None:
    for url in (f"{NEW}confirm/", url_of(instance, "bundle/confirm")):
        assert founder.get(url).status_code == 302
