"""What is typed about consent: texts, signatures, withdrawals, answers about photos."""

import re

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User

from . import ink
from .models import Consent, ConsentText, Language, PhotoPermission
from .services.signing import Signature

MOST_BODY = 20_000
_TAG = re.compile(r"<\s*[/!?a-zA-Z]")
OTHER = "other"


def _one_line(text: str) -> str:
    return " ".join(text.split())


class NewTextForm(forms.Form):
    """Which text to begin. names: {(kind, code): label} of what there is."""

    about = forms.ChoiceField(label=_("What it is about"), error_messages={"required": _("Choose what the text is about.")})
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("", _("Choose a language")), *Language.choices],
        error_messages={"required": _("Choose the language.")},
    )

    def __init__(self, *args, names, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["about"].choices = [
            ("", gettext("Choose a treatment or addition")),
            *((f"{kind}:{code}", label) for (kind, code), label in names.items()),
        ]


class TextForm(forms.ModelForm):
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)

    class Meta:
        model = ConsentText
        fields = ("title", "body")
        labels = {"title": _("Title"), "body": _("Text")}
        help_texts = {"body": _("Plain words. An empty line begins a new paragraph.")}
        widgets = {"body": forms.Textarea(attrs={"rows": 22})}
        error_messages = {
            "title": {"required": _("Give the text a title."), "max_length": _("The title must be 200 letters or fewer.")},
            "body": {"required": _("Write the text.")},
        }

    def clean_title(self):
        return _plain(_one_line(self.cleaned_data["title"]))

    def clean_body(self):
        body = _plain(self.cleaned_data["body"].replace("\r\n", "\n"))
        if len(body) > MOST_BODY:
            words = gettext("The text must be %(most)s letters or fewer. Patients read it on the spot.")
            raise forms.ValidationError(words % {"most": f"{MOST_BODY:,}"})
        return re.sub(r"\n\s*\n+", "\n\n", body).strip()


def _plain(text: str) -> str:
    if _TAG.search(text):
        raise forms.ValidationError(gettext("Write plain words: marks such as <b> have no meaning here. Take them out."))
    return text


class SignForm(forms.Form):
    """What stands under the texts. staff: who may witness. Nothing is preset."""

    texts = forms.CharField(widget=forms.HiddenInput, max_length=400)
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=40)
    signer = forms.ChoiceField(
        label=_("Who signs"), choices=Consent.Signer.choices, widget=forms.RadioSelect, error_messages={"required": _("Choose who signs.")}
    )
    signer_name = forms.CharField(label=_("Name, where somebody else signs"), max_length=200, required=False)
    signer_relation = forms.CharField(
        label=_("Relation to the patient"), max_length=100, required=False, help_text=_("For example mother, father, appointed guardian")
    )
    witness = forms.ChoiceField(label=_("Witness"), error_messages={"required": _("Choose who saw the signature.")})
    witness_name = forms.CharField(label=_("Name of the other witness"), max_length=200, required=False)
    strokes = forms.CharField(widget=forms.HiddenInput, required=False, strip=True)
    typed_name = forms.CharField(
        label=_("Or type the name"), max_length=200, required=False, help_text=_("It is marked as typed on the screen and on paper.")
    )

    def __init__(self, *args, patient, staff, **kwargs):
        super().__init__(*args, **kwargs)
        self.patient, self.staff = patient, {str(one.pk): one for one in staff}
        self.fields["witness"].choices = [
            ("", gettext("Choose the witness")),
            *((pk, one.display_name) for pk, one in self.staff.items()),
            (OTHER, gettext("Somebody else")),
        ]
        self.fields["typed_name"].widget.attrs["autocomplete"] = "off"
        for name in ("signer_name", "signer_relation", "witness_name"):
            self.fields[name].widget.attrs["autocomplete"] = "off"

    def clean_strokes(self):
        try:
            return ink.read(self.cleaned_data["strokes"])
        except ink.NoSignature as fault:
            raise forms.ValidationError(str(fault)) from fault

    def clean(self):
        said = super().clean()
        for name in ("signer_name", "signer_relation", "witness_name", "typed_name"):
            said[name] = _one_line(said.get(name) or "")
        if said.get("signer") and said["signer"] != Consent.Signer.PATIENT:
            if not said["signer_name"]:
                self.add_error("signer_name", gettext("Enter the name of who signs for the patient."))
            if not said["signer_relation"]:
                self.add_error("signer_relation", gettext("Say how they are related to the patient."))
        elif said.get("signer"):
            said["signer_name"], said["signer_relation"] = str(self.patient), ""
        if said.get("witness") == OTHER and not said["witness_name"]:
            self.add_error("witness_name", gettext("Enter the name of the witness."))
        if "strokes" not in self.errors:
            self._one_signature(said)
        return said

    def _one_signature(self, said) -> None:
        if said["typed_name"]:
            if said["strokes"]:
                self.add_error("typed_name", gettext("It is drawn and typed. Clear the drawing, or take the typed name out."))
            elif sum(letter.isalpha() for letter in said["typed_name"]) < 2:
                self.add_error("typed_name", gettext("Type the whole name."))
            return
        try:
            ink.judge(said["strokes"])
        except ink.NoSignature as fault:
            self.add_error("strokes", str(fault))

    def signature(self) -> Signature:
        said = self.cleaned_data
        staff: User | None = self.staff.get(said["witness"])
        return Signature(
            signer=said["signer"],
            signer_name=said["signer_name"],
            signer_relation=said["signer_relation"],
            witness=staff,
            witness_name=staff.display_name if staff else said["witness_name"],
            strokes=said["strokes"],
            typed_name=said["typed_name"],
        )


class SaidByForm(forms.Form):
    """Who said it: the patient, or somebody named who may speak for them."""

    said_by = forms.ChoiceField(
        label=_("Who says so"),
        choices=[("patient", _("The patient")), (OTHER, _("A parent or guardian"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose who says so.")},
    )
    said_by_name = forms.CharField(label=_("Name and relation of the parent or guardian"), max_length=180, required=False)
    reason = forms.CharField(label=_("Reason, where one is given"), max_length=300, required=False)

    def __init__(self, *args, patient, **kwargs):
        super().__init__(*args, **kwargs)
        self.patient = patient

    def clean(self):
        said = super().clean()
        name = _one_line(said.get("said_by_name") or "")
        if said.get("said_by") == OTHER and not name:
            self.add_error("said_by_name", gettext("Enter the name of who says so, and their relation to the patient."))
        said["who"] = name if said.get("said_by") == OTHER else str(self.patient)
        said["reason"] = _one_line(said.get("reason") or "")
        return said


class WithdrawForm(SaidByForm):
    """items: what stands and could be withdrawn."""

    items = forms.MultipleChoiceField(
        label=_("What is withdrawn"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Tick what the patient withdraws.")},
    )
    field_order = ("items", "said_by", "said_by_name", "reason")

    def __init__(self, *args, items, **kwargs):
        super().__init__(*args, **kwargs)
        self.rows = {str(item.pk): item for item in items}
        self.fields["items"].choices = [(pk, item.text.title) for pk, item in self.rows.items()]
        self.fields["items"].error_messages["invalid_choice"] = gettext("One of these does not stand any more. Look at the list again.")


class PhotosForm(SaidByForm):
    """One yes or no for each use, none of them preset; what is left open stays as it stands."""

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args, questions: dict[str, str], **kwargs):
        super().__init__(*args, **kwargs)
        for use, question in questions.items():
            self.fields[use] = forms.ChoiceField(
                label=PhotoPermission.Use(use).label,
                help_text=question,
                choices=[("yes", _("Yes")), ("no", _("No"))],
                widget=forms.RadioSelect,
                required=False,
            )
        self.order_fields([*questions, "said_by", "said_by_name", "reason"])
        self.questions = questions

    @property
    def uses(self):
        return [self[use] for use in self.questions]

    def clean(self):
        said = super().clean()
        if not any(said.get(use) for use in self.questions):
            self.add_error(next(iter(self.questions)), gettext("Answer at least one of the questions."))
        return said

    @property
    def answers(self) -> dict[str, bool]:
        return {use: self.cleaned_data[use] == "yes" for use in self.questions if self.cleaned_data.get(use)}
