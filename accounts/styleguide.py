"""Every component in every state on one page, while DEBUG is on: where a screen's parts are looked at and checked."""

from django import forms
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .permissions import requires


class _Form(forms.Form):
    """One field of each kind, as crispy writes them."""

    name = forms.CharField(label="Surname", help_text="As on the passport", error_messages={"required": "Enter the surname."})
    kind = forms.ChoiceField(label="Kind", choices=[("a", "Consultation"), ("b", "Session")], error_messages={"required": "Choose a kind."})
    note = forms.CharField(label="Note (optional)", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    agreed = forms.BooleanField(label="Consent signed", required=False, help_text="On paper or on the tablet")
    days = forms.MultipleChoiceField(
        label="Days", required=False, choices=[("1", "Monday"), ("2", "Tuesday")], widget=forms.CheckboxSelectMultiple
    )


@requires("styleguide.view")
@require_safe
def styleguide(request):
    return render(
        request,
        "styleguide.html",
        {"empty": _Form(prefix="empty"), "form": _Form({"wrong-name": ""}, prefix="wrong"), "steps": range(1, 7)},
    )
