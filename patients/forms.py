"""What people type about a patient, turned into values. Messages say what to do."""

import datetime as dt
import uuid

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.templatetags.clinic_format import in_words
from planner import wording

from . import names
from .languages import LANGUAGES
from .models import Patient, Sex
from .search import MONTHS, OLDEST

_PHONE_MARKS = set("+()-./ \u00a0")
_STALE_FORM = _("Reload the page, then send it again")
_DATE_FORMATS = ["%Y-%m-%d", "%d/%m/%Y", "%d %b %Y", "%d %B %Y"]


class TypedText(forms.CharField):
    """A line of typed text without the marks that turn what follows it: what is shown reads in the order of its letters."""

    def to_python(self, value):
        return super().to_python(names.without_turning(str(value or "")))


def _text(label: str, *, most: int, missing: str = "", **kwargs) -> forms.CharField:
    messages = {"max_length": format_lazy(_("{label} must be {most} letters or fewer"), label=label, most=most)}
    if missing:
        messages["required"] = missing
    attrs = {"autocomplete": "off", "spellcheck": "false", **kwargs.pop("attrs", {})}
    return TypedText(
        label=label, max_length=most, required=bool(missing), error_messages=messages, widget=forms.TextInput(attrs=attrs), **kwargs
    )


class PlainForm(forms.Form):
    """No marks of the browser's own: the server says what to mend, in the same words every time."""

    use_required_attribute = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class BirthDateForm(PlainForm):
    """A date of birth in three fields. `_birth_date` belongs into clean()."""

    birth_day = _text(_("Day"), most=2, attrs={"inputmode": "numeric", "class": "w2"})
    birth_month = _text(_("Month"), most=9, attrs={"class": "w4"})
    birth_year = _text(_("Year"), most=4, attrs={"inputmode": "numeric", "class": "w4"})

    @property
    def birth_parts(self):
        return [self["birth_day"], self["birth_month"], self["birth_year"]]

    def _birth_date(self, data: dict) -> dt.date | None:
        day, month, year = (data.get(f"birth_{part}", "").strip() for part in ("day", "month", "year"))
        if not (day or month or year):
            self.add_error("birth_day", gettext("Enter the date of birth"))
            return None
        asks = (
            ("birth_day", day, gettext("Enter the day of birth")),
            ("birth_month", month, gettext("Enter the month of birth")),
            ("birth_year", year, gettext("Enter the year of birth")),
        )
        for field, value, words in asks:
            if not value:
                self.add_error(field, words)
        if not (day and month and year):
            return None
        month_number = MONTHS.get(month.lower().rstrip("."), month)
        if not (str(day).isdecimal() and str(month_number).isdecimal() and year.isdecimal()):
            self.add_error("birth_day", gettext("Date of birth must be a day, a month and a year, for example 4 3 1991"))
            return None
        if len(year) != 4:
            self.add_error("birth_year", gettext("Year of birth must have 4 digits, for example 1991"))
            return None
        if int(year) < OLDEST:
            self.add_error("birth_year", gettext("Date of birth must be in %(year)s or later") % {"year": OLDEST})
            return None
        try:
            birth_date = dt.date(int(year), int(month_number), int(day))
        except ValueError:
            words = gettext("Date of birth must be a real date: day %(day)s of month %(month)s in %(year)s is not")
            self.add_error("birth_day", words % {"day": day, "month": month, "year": year})
            return None
        if birth_date > timezone.localdate():
            self.add_error("birth_year", gettext("Date of birth must be in the past"))
            return None
        return birth_date


class PatientForm(BirthDateForm):
    surname = _text(_("Surname"), most=100, missing=_("Enter the surname"), attrs={"dir": "auto"})
    given = _text(_("Given name"), most=100, help_text=_("Leave empty where there is none"), attrs={"dir": "auto"})
    preferred_name = _text(_("Preferred name"), most=100, help_text=_("What they like to be called"), attrs={"dir": "auto"})
    phone = _text(_("Phone"), most=40, attrs={"type": "tel", "inputmode": "tel"})
    email = forms.EmailField(
        label=_("Email"),
        required=False,
        max_length=254,
        error_messages={"invalid": _("Email must have a name, an @ and a host, for example name@example.org")},
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    address = _text(_("Address"), most=300, attrs={"dir": "auto"})
    sex = forms.ChoiceField(
        label=_("Sex at birth"),
        required=False,
        choices=[("", _("Not asked")), *Sex.choices],
        error_messages={"invalid_choice": _("Choose one from the list")},
    )

    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("Not asked")), *LANGUAGES.items()],
        help_text=_("In which we write to them, where we have words in it"),
        error_messages={"invalid_choice": _("Choose one from the list")},
    )

    # As a person is asked: what is to be mended is listed in the same order.
    field_order = ("surname", "given", "preferred_name", "birth_day", "birth_month", "birth_year")
    IDENTITY = ("surname", "given", "preferred_name")
    CONTACT = ("phone", "email", "address")

    def _clean_name(self, field: str) -> str:
        text = " ".join(self.cleaned_data[field].split())
        if text and not names.key(text):
            raise forms.ValidationError(gettext("%(label)s must have at least one letter") % {"label": self.fields[field].label})
        return text

    def clean_surname(self):
        return self._clean_name("surname")

    def clean_given(self):
        return self._clean_name("given")

    def clean_preferred_name(self):
        return self._clean_name("preferred_name")

    def clean_phone(self):
        phone = " ".join(self.cleaned_data["phone"].split())
        if not phone:
            return ""
        if any(not c.isdigit() and c not in _PHONE_MARKS for c in phone):
            raise forms.ValidationError(gettext("Phone must be digits, spaces and a leading +, for example 020 7946 0200"))
        if not 6 <= len(names.digits(phone)) <= 15:
            raise forms.ValidationError(gettext("Phone must have 6 to 15 digits"))
        return phone

    def clean(self):
        data = super().clean()
        data["birth_date"] = self._birth_date(data)
        if not self.errors.get("phone") and not self.errors.get("email") and not data.get("phone") and not data.get("email"):
            self.add_error("phone", gettext("Enter a phone number, or an email address below"))
        return data

    def patient_fields(self) -> dict:
        """The values for the row; only after is_valid()."""
        return {name: self.cleaned_data[name] for name in (*self.IDENTITY, "birth_date", "sex", "language", *self.CONTACT)}


class RegisterForm(PatientForm):
    request_key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": _STALE_FORM, "invalid": _STALE_FORM})
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    site = forms.ChoiceField(
        label=_("Site"), error_messages={"required": _("Choose the site"), "invalid_choice": _("Choose one of your sites")}
    )

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("request_key", uuid.uuid4())
        self.sites = {str(site.pk): site for site in sites}
        self.fields["site"].choices = [(pk, site.name) for pk, site in self.sites.items()]
        if len(self.sites) < 2:
            del self.fields["site"]

    @property
    def site_of_patient(self):
        return self.sites[self.cleaned_data["site"]] if "site" in self.fields else next(iter(self.sites.values()))

    @property
    def seen_pks(self) -> set[int]:
        return {int(pk) for pk in self.cleaned_data["seen"].split(",") if pk.isdecimal() and len(pk) < 19}


class EditForm(PatientForm):
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)
    version.error_messages |= dict.fromkeys(("required", "invalid"), _STALE_FORM)
    phototype = forms.TypedChoiceField(
        label=_("Phototype"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", _("Not asked")), *((n, wording.phototype(n)) for n in range(1, 7))],
        error_messages={"invalid_choice": _("Choose one from the list")},
    )

    def __init__(self, *args, patient: Patient, clinical: bool, **kwargs):
        born = patient.birth_date
        kept = {name: getattr(patient, name) for name in (*self.IDENTITY, *self.CONTACT, "sex", "language", "phototype", "version")}
        kwargs["initial"] = {**kept, "birth_day": born.day, "birth_month": born.month, "birth_year": born.year}
        super().__init__(*args, **kwargs)
        if patient.language and patient.language not in LANGUAGES:  # from another system: it stays what it is
            self.fields["language"].choices += [(patient.language, patient.language)]
        if not clinical:
            del self.fields["phototype"]

    def patient_fields(self) -> dict:
        fields = super().patient_fields()
        if "phototype" in self.fields:
            fields["phototype"] = self.cleaned_data["phototype"]
        return fields


def _past_day(label: str, *, missing: str = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        required=bool(missing),
        input_formats=_DATE_FORMATS,
        error_messages={"required": missing, "invalid": format_lazy(_("{label} must be a date, for example 10 Jan 2026"), label=label)},
        widget=forms.DateInput(attrs={"type": "date", "class": "w8"}, format="%Y-%m-%d"),
    )


def past_only(label: str, day: dt.date | None, born: dt.date | None = None) -> dt.date | None:
    if day and born and day < born:
        raise forms.ValidationError(
            gettext("%(label)s must be after the patient was born, %(day)s") % {"label": label, "day": in_words(born)}
        )
    if day and day > timezone.localdate():
        raise forms.ValidationError(gettext("%(label)s must be today or earlier") % {"label": label})
    if day and day.year < OLDEST:
        raise forms.ValidationError(gettext("%(label)s must be in %(year)s or later") % {"label": label, "year": OLDEST})
    return day


class ListForm(PlainForm):
    """A line of one of the clinical lists. `PREFIX` keeps the fields of three forms on one page apart."""

    PREFIX = ""

    def __init__(self, *args, born: dt.date | None = None, **kwargs):
        super().__init__(*args, prefix=self.PREFIX, **kwargs)
        self.born = born


class AllergyForm(ListForm):
    PREFIX = "allergy"
    substance = _text(_("Substance"), most=120, missing=_("Enter what the allergy is to"))
    reaction = _text(_("Reaction"), most=120, help_text=_("For example rash, swelling"))
    year = _text(_("Year"), most=4, attrs={"inputmode": "numeric", "class": "w4"})

    def clean_year(self):
        year = self.cleaned_data["year"].strip()
        if not year:
            return None
        first = max(OLDEST, self.born.year) if self.born else OLDEST
        if not year.isdecimal() or not first <= int(year) <= timezone.localdate().year:
            said = {"first": first, "last": timezone.localdate().year}
            raise forms.ValidationError(gettext("Year must be between %(first)s and %(last)s") % said)
        return int(year)


class MedicineForm(ListForm):
    PREFIX = "medicine"
    name = _text(
        _("Medicine"),
        most=200,
        missing=_("Enter the name of the medicine"),
        help_text=_("With or without dose, as said"),
        attrs={"data-medicine": "", "dir": "auto"},
    )
    stopped_on = _past_day(_("Stopped on"))
    stopped_on.help_text = _("Empty means still taken")

    def clean_stopped_on(self):
        return past_only(self.fields["stopped_on"].label, self.cleaned_data["stopped_on"], self.born)


NONE_OF_THESE = "-"  # what stands for "none of these classes" among the choices


class WhatItIsForm(PlainForm):
    """What a medicine is that the protocol does not know: one class or several, or none of them."""

    classes = forms.MultipleChoiceField(
        error_messages={"required": _("Choose a class, or None of these classes"), "invalid_choice": _("Choose from the list")}
    )
    ingredient = _text(_("Ingredient"), most=120)

    def __init__(self, *args, classes, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["classes"].choices = [
            (NONE_OF_THESE, gettext("None of these classes")),
            *((name, row.label) for name, row in classes.items()),
        ]

    def clean_classes(self):
        chosen = self.cleaned_data["classes"]
        if NONE_OF_THESE in chosen and len(chosen) > 1:
            raise forms.ValidationError(gettext("Choose classes or None of these classes, not both"))
        return [] if NONE_OF_THESE in chosen else chosen


class StopForm(PlainForm):
    stopped_on = _past_day(_("Stopped on"), missing=_("Enter the day it was stopped"))

    def __init__(self, *args, born: dt.date | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.born = born

    def clean_stopped_on(self):
        return past_only(self.fields["stopped_on"].label, self.cleaned_data["stopped_on"], self.born)


class ProcedureForm(ListForm):
    PREFIX = "procedure"
    what = _text(_("Procedure"), most=200, missing=_("Enter what was done"), help_text=_("For example filler, laser, peel"))
    zone = forms.ChoiceField(label=_("Zone"), required=False, error_messages={"invalid_choice": _("Choose one from the list")})
    performed_on = _past_day(_("Done on"), missing=_("Enter the day it was done"))

    def __init__(self, *args, zones=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["zone"].choices = [("", gettext("Not known or several")), *zones]

    def clean_performed_on(self):
        return past_only(self.fields["performed_on"].label, self.cleaned_data["performed_on"], self.born)
