"""What a person typed, carried sealed from one page to the next.

A confirmation page or a form that comes back with errors has to carry values. Rendering them would
show them; keeping them on the server would store what nobody has decided to store. So they travel
in a hidden field as a ciphertext, which only the same user can send back, for the same purpose and
owner (an instance, say), for half an hour.
"""

import json
import time
from typing import Any

from polyant.encryption.ciphertext import associated_data
from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import (
    DecryptionError,
    EncryptionError,
    UnknownEncryptionKey,
)

LIFETIME = 30 * 60

# No table has a space in its name, so a draft never opens as a row, nor a row as a draft.
_PLACE = "form draft"


class DraftRefused(EncryptionError):
    """A draft that cannot be used. The message is for the person whose form it was."""


def seal_draft(content: Any, *, purpose: str, user: object, owner: object) -> str:
    """A text for a hidden field that holds ``content``, any JSON value."""
    draft = {"until": int(time.time()) + LIFETIME, "content": content}
    # A letter beyond ASCII would take six characters as an escape, and a form's size is limited.
    text = json.dumps(draft, ensure_ascii=False)
    # An unpaired surrogate has no UTF-8 form; this writes its escape in JSON instead.
    text = text.encode(errors="backslashreplace").decode()
    return get_keyring().seal(text, _place(purpose, user, owner))


def open_draft(text: str, *, purpose: str, user: object, owner: object) -> Any:
    """The content of a draft, to be stored or sealed again.

    Raises:
        DraftRefused: it is altered, another person's, for another form, or too old.
    """
    try:
        draft = json.loads(get_keyring().open(text, _place(purpose, user, owner)))
    except UnknownEncryptionKey:
        raise DraftRefused(
            "The encryption key was changed while you were at this form. Enter it again; nothing"
            " was saved."
        ) from None
    except DecryptionError:
        raise DraftRefused(
            "What you entered before cannot be read: it was altered, or belongs to another form"
            " or person. Enter it again; nothing was saved."
        ) from None
    if draft["until"] < time.time():
        raise DraftRefused(
            f"What you entered before was kept for {LIFETIME // 60} minutes, which are over."
            " Enter it again; nothing was saved."
        )
    return draft["content"]


def reopen_form(text: str, *, purpose: str, user: object, owner: object) -> tuple[Any, str]:
    """What an earlier round of a form left in its draft, or why it cannot be used."""
    try:
        return (open_draft(text, purpose=purpose, user=user, owner=owner) if text else {}), ""
    except DraftRefused as error:
        return {}, str(error)


def _place(purpose: str, user: object, owner: object) -> bytes:
    return associated_data(_PLACE, purpose, str(user), str(owner))
