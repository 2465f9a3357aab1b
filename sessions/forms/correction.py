"""A correction of a signed record."""

from django import forms


class CorrectionForm(forms.Form):
    text = forms.CharField(
        label="What is right",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="The original stays as it was signed; this stands above it, with your name and the time.",
        error_messages={"required": "Enter what is right"},
    )
    reason = forms.CharField(label="Why it is corrected", max_length=300, error_messages={"required": "Enter why it is corrected"})
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=60)
