"""A correction of a signed record."""

from django import forms
from django.utils.translation import gettext_lazy


class CorrectionForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("What is right"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("The original stays as it was signed; this stands above it, with your name and the time."),
        error_messages={"required": gettext_lazy("Enter what is right")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Why it is corrected"), max_length=300, error_messages={"required": gettext_lazy("Enter why it is corrected")}
    )
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=60)
