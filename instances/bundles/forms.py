"""The upload of a bundle in the admin, and how it waits for a confirmation."""

import zlib
from base64 import b64decode, b64encode
from typing import Any

from django import forms

from instances.bundles import MAX_BYTES
from instances.bundles.reading import Unreadable, read_bundle

# Django accepts 2.5 MB in a request, beside files, and a draft is a third longer than its text.
MAX_PACKED = 1_750_000
_TOO_LARGE = (
    "This bundle is too large for a page. Import it with manage.py import_instance, or with POST"
    " to the API."
)


class BundleForm(forms.Form):
    """A file with a bundle. ``bundle`` is its validated data, ``packed`` its text for a draft."""

    file = forms.FileField(
        label="Bundle", widget=forms.FileInput(attrs={"accept": ".json,application/json"})
    )

    bundle: dict[str, Any]
    packed: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.faults: list[dict[str, str]] = []

    def clean_file(self) -> None:
        raw = self.cleaned_data["file"].read(MAX_BYTES + 1)
        try:
            self.bundle = read_bundle(raw)
        except Unreadable as error:
            self.faults = error.faults
            raise forms.ValidationError("This cannot be imported; see below.") from None
        self.packed = b64encode(zlib.compress(raw)).decode()
        if len(self.packed) > MAX_PACKED:
            raise forms.ValidationError(_TOO_LARGE)


def unpack(packed: str) -> dict[str, Any]:
    """The bundle of ``BundleForm.packed``."""
    return read_bundle(zlib.decompress(b64decode(packed)))
