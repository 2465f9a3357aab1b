"""What staff choose about a form: the language it begins in."""

from django import forms
from django.utils.translation import gettext_lazy

from .models import Language


class HandOverForm(forms.Form):
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=40)
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the form"),
        choices=Language.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose the language of the form."),
            "invalid_choice": gettext_lazy("Choose one of these languages."),
        },
    )
