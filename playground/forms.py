"""The Playground's one question."""

from django import forms

MAX_CHARACTERS = 100_000


class MessageForm(forms.Form):
    message = forms.CharField(
        label="Message",
        max_length=MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
    )
