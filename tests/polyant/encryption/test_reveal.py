"""Opening a stored value: only in its place, only with its key, and never a word too many."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import FieldError

from channels_app.models import InstanceChannel
from instances.models import Instance
from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import (
    DecryptionError,
    MalformedCiphertext,
    TamperedCiphertext,
    UnknownEncryptionKey,
)
from secrets_app.models import InstanceSecret, InstanceSkillEnv

pytestmark = pytest.mark.django_db

Execute = Callable[..., None]
OTHER_KEY = "2e" * 32


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    if error is not None:
        yield error
        yield from _chain(error.__cause__)
        yield from _chain(error.__context__)


def test_a_ciphertext_moved_to_another_row_does_not_open(
    secret: InstanceSecret, execute: Execute
) -> None:
    InstanceSecret.objects.create(instance=secret.instance, key="other", value="sk-2")
    execute("UPDATE instance_secrets SET value = (SELECT value FROM instance_secrets"
            " WHERE key = %s) WHERE key = %s", secret.key, "other")  # fmt: skip
    with pytest.raises(TamperedCiphertext, match="key=other"):
        InstanceSecret.objects.get(key="other").value.reveal()
    assert InstanceSecret.objects.get(key=secret.key).value.reveal()


def test_a_row_moved_to_another_instance_does_not_open(
    secret: InstanceSecret, other_instance: Instance, execute: Execute
) -> None:
    execute("UPDATE instance_secrets SET instance_id = (SELECT id FROM instances WHERE slug = %s)",
            other_instance.slug)  # fmt: skip
    row = InstanceSecret.objects.get(instance=other_instance)
    with pytest.raises(TamperedCiphertext, match=str(other_instance.id)):
        row.value.reveal()


def test_a_row_under_another_name_does_not_open(secret: InstanceSecret, execute: Execute) -> None:
    execute("UPDATE instance_secrets SET key = %s", "auth_api_key")
    with pytest.raises(TamperedCiphertext):
        InstanceSecret.objects.get().value.reveal()


def test_a_ciphertext_moved_to_another_table_does_not_open(
    secret: InstanceSecret, execute: Execute
) -> None:
    InstanceChannel.objects.create(
        instance=secret.instance, channel_type="slack", credentials={"botToken": "xoxb-1"}
    )
    execute("UPDATE instance_channels SET credentials = (SELECT value FROM instance_secrets)")
    with pytest.raises(TamperedCiphertext, match=r"instance_channels\.credentials"):
        InstanceChannel.objects.get().credentials.reveal()


@pytest.mark.parametrize("sensitive", [True, False])
def test_a_flipped_sensitivity_makes_the_row_unreadable(
    instance: Instance, execute: Execute, *, sensitive: bool
) -> None:
    env = InstanceSkillEnv.objects
    env.create(instance=instance, skill_slug="s", key="K", value="x", sensitive=sensitive)
    assert env.get().value.reveal() == "x"
    execute("UPDATE instance_skill_env SET sensitive = %s", not sensitive)
    with pytest.raises(TamperedCiphertext, match=f"sensitive={not sensitive}"):
        env.get().value.reveal()


def test_an_earlier_ciphertext_of_the_row_still_opens(
    secret: InstanceSecret, raw_rows: Callable[[str], Any], execute: Execute, plaintext: str
) -> None:
    """What the binding does not promise: whoever can write the table can put an old value back."""
    [before] = raw_rows("instance_secrets")
    secret.value = "sk-2"
    secret.save()
    execute("UPDATE instance_secrets SET value = %s", before["value"])
    assert InstanceSecret.objects.get().value.reveal() == plaintext


def test_under_another_key_the_error_names_the_key_that_is_needed(
    secret: InstanceSecret, settings: Any
) -> None:
    [needed] = get_keyring().key_ids
    settings.ENCRYPTION_KEY = OTHER_KEY
    with pytest.raises(UnknownEncryptionKey, match=needed) as caught:
        InstanceSecret.objects.get().value.reveal()
    assert caught.value.key_id == needed
    assert "key=openai_api_key" in str(caught.value)


def test_with_the_old_key_as_fallback_the_row_opens(
    secret: InstanceSecret, plaintext: str, settings: Any
) -> None:
    settings.ENCRYPTION_KEY_FALLBACKS = [settings.ENCRYPTION_KEY]
    settings.ENCRYPTION_KEY = OTHER_KEY
    assert InstanceSecret.objects.get().value.reveal() == plaintext


def _tampered(secret: InstanceSecret, execute: Execute, settings: Any, plaintext: str) -> None:
    execute("UPDATE instance_secrets SET key = %s", "auth_api_key")
    InstanceSecret.objects.get().value.reveal()


def _malformed(secret: InstanceSecret, execute: Execute, settings: Any, plaintext: str) -> None:
    # A length that base64 never has: the shape that the CHECK cannot see.
    execute("UPDATE instance_secrets SET value = %s", f"v1.{'0' * 16}.{'A' * 41}")
    InstanceSecret.objects.get().value.reveal()


def _unknown(secret: InstanceSecret, execute: Execute, settings: Any, plaintext: str) -> None:
    settings.ENCRYPTION_KEY = OTHER_KEY
    InstanceSecret.objects.get().value.reveal()


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (_tampered, TamperedCiphertext),
        (_malformed, MalformedCiphertext),
        (_unknown, UnknownEncryptionKey),
    ],
)
def test_an_error_names_the_row_and_nothing_of_what_is_in_it(
    secret: InstanceSecret,
    execute: Execute,
    settings: Any,
    plaintext: str,
    raw_rows: Callable[[str], Any],
    attempt: Callable[..., None],
    error: type[DecryptionError],
) -> None:
    keys = (settings.ENCRYPTION_KEY, OTHER_KEY)
    with pytest.raises(
        error, match=rf"^instance_secrets\.value \(.*{secret.instance_id}"
    ) as caught:
        attempt(secret, execute, settings, plaintext)
    stored = raw_rows("instance_secrets")[0]["value"].rpartition(".")[2]
    for each in _chain(caught.value):
        shown = f"{each} {each!r} {each.args} {vars(each)}"
        assert not any(part in shown for part in (plaintext, stored, *keys))


def test_what_a_column_does_not_hold_is_malformed_and_in_no_error(
    instance: Instance, execute: Execute, plaintext: str
) -> None:
    row = InstanceChannel.objects.create(instance=instance, channel_type="telegram", credentials={})
    place = InstanceChannel._meta.get_field("credentials").place(row)
    text = get_keyring().seal(plaintext, place.associated_data)
    execute("UPDATE instance_channels SET credentials = %s", text)
    with pytest.raises(MalformedCiphertext, match=r"^instance_channels\.credentials") as caught:
        InstanceChannel.objects.get().credentials.reveal()
    for each in _chain(caught.value):
        assert plaintext not in f"{each} {each!r} {each.args} {vars(each)}"


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param(lambda text: InstanceSecret.objects.update(value=text), id="update"),
        pytest.param(lambda text: InstanceSecret.objects.filter(value=text), id="filter"),
        pytest.param(lambda text: InstanceSecret(value=text.encode()), id="bytes"),
        pytest.param(lambda text: InstanceSecret(value=text + "\ud800"), id="a lone surrogate"),
        pytest.param(lambda text: InstanceChannel(credentials={"t": text.encode()}), id="JSON"),
        pytest.param(lambda text: InstanceChannel(credentials={(text,): 1}), id="a JSON member"),
        pytest.param(lambda text: InstanceChannel(credentials={text: float("nan")}), id="a NaN"),
        pytest.param(lambda text: InstanceSecret(key="k", value=text).save(), id="an early save"),
    ],
)
def test_refusing_what_is_written_does_not_repeat_it(
    secret: InstanceSecret, plaintext: str, attempt: Callable[[str], object]
) -> None:
    with pytest.raises((TypeError, ValueError, FieldError)) as caught:
        attempt(plaintext)
    shown = " ".join(f"{each} {each!r} {vars(each)}" for each in _chain(caught.value))
    assert "sk-plaintext" not in shown
