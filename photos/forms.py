"""What is typed about photos: the picture and how it was taken, why there are none, why one is taken out."""

import datetime as dt

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from accounts.templatetags.clinic_format import in_words

from .models import Photo, PhotoSkip
from .standard_views import Area, View

DAY_FORMATS = ["%Y-%m-%d", "%d %b %Y", "%d %B %Y"]


def _choice(label: str, choices, missing: str, **kwargs) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, error_messages={"required": missing, "invalid_choice": missing}, **kwargs)


class PhotoForm(forms.Form):
    """areas: what may be photographed. sessions: {value: session} the picture may belong to. Nothing is preset on the first picture."""

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=40)
    way = forms.CharField(widget=forms.HiddenInput, required=False, max_length=6)
    area = forms.CharField(widget=forms.HiddenInput, max_length=60)
    view = forms.CharField(widget=forms.HiddenInput, max_length=13)
    picture = forms.FileField(
        label=gettext_lazy("Photo"),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/heic,image/heif,.heic", "capture": "environment"}),
        error_messages={
            "required": gettext_lazy("Take a photo or choose a file."),
            "empty": gettext_lazy("The file is empty. Send a JPEG or PNG."),
        },
        max_length=255,
        allow_empty_file=True,
    )
    zone = _choice(gettext_lazy("Zone of the close-up"), [], gettext_lazy("Choose which zone the close-up shows."), required=False)
    occasion = _choice(gettext_lazy("Belongs to"), [], gettext_lazy("Choose what the photo belongs to."))
    light = _choice(gettext_lazy("Light"), Photo.Light.choices, gettext_lazy("Choose the light."), widget=forms.RadioSelect)
    distance_cm = forms.IntegerField(
        label=gettext_lazy("Distance to the skin, in cm"),
        min_value=5,
        max_value=400,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "w5"}),
        error_messages={
            "required": gettext_lazy("Enter the distance from the camera to the skin."),
            "invalid": gettext_lazy("Enter the distance in whole centimetres, for example 90."),
            "min_value": gettext_lazy("The distance must be 5 cm or more."),
            "max_value": gettext_lazy("The distance must be 400 cm or less."),
        },
    )
    make_up = _choice(
        gettext_lazy("Make-up"),
        [("no", pgettext_lazy("make-up", "None")), ("yes", pgettext_lazy("make-up", "Worn"))],
        gettext_lazy("Say whether make-up is worn."),
        widget=forms.RadioSelect,
    )
    taken_on = forms.DateField(
        label=gettext_lazy("Taken on"),
        required=False,
        input_formats=DAY_FORMATS,
        widget=forms.DateInput(attrs={"autocomplete": "off", "class": "w10"}),
        help_text=gettext_lazy("For a file. Empty: the day the camera wrote into it"),
        error_messages={"invalid": gettext_lazy("Enter the day as 17 Nov 2026.")},
    )

    def __init__(self, *args, areas: list[Area], sessions: dict, patient, **kwargs):
        super().__init__(*args, **kwargs)
        self.areas, self.sessions, self.patient = {area.code: area for area in areas}, sessions, patient
        zones = dict(zone for area in areas for zone in area.zones)
        self.fields["zone"].choices = [("", _("Choose the zone")), *zones.items()]
        self.fields["occasion"].choices = [
            ("", pgettext("one of a list", "Choose")),
            *((value, _of(session)) for value, session in sessions.items()),
            *(one for one in Photo.Occasion.choices if one[0] != Photo.Occasion.SESSION),
        ]

    @property
    def is_taken_here(self) -> bool:
        return self.cleaned_data.get("way") == Photo.Way.CAMERA

    def clean(self):
        said = super().clean()
        area = self.areas.get(said.get("area", ""))
        if area is None or said.get("view") not in [view.value for view in area.all_views]:
            raise forms.ValidationError(_("Choose again what the photo shows: the page was older than the plan."))
        close_up = said["view"] == View.CLOSE_UP and area.closes_up_on_a_zone
        if not close_up:
            said["zone"] = ""
        elif "zone" not in self.errors and said.get("zone") not in dict(area.zones):
            self.add_error("zone", gettext_lazy("Choose which zone the close-up shows."))
        return said

    def taken_at(self, now: dt.datetime) -> dt.datetime | None:
        """Now, midday of the day that was entered, or None: as the camera says."""
        if self.is_taken_here:
            return now
        day = self.cleaned_data.get("taken_on")
        return dt.datetime.combine(day, dt.time(12), tzinfo=self.patient.site.zone) if day else None

    def chosen_zone(self) -> tuple[str, str]:
        code = self.cleaned_data["zone"]
        return code, dict(self.areas[self.cleaned_data["area"]].zones)[code] if code else ""


def _of(session) -> str:
    day = in_words(session.site.local(session.started_at).date(), weekday=True).replace("\N{NO-BREAK SPACE}", " ")
    return _("Session %(number)s, %(day)s") % {"number": session.session_number, "day": day}


class SkipForm(forms.Form):
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=40)
    reason = _choice(
        gettext_lazy("Why"), PhotoSkip.Reason.choices, gettext_lazy("Choose why there are no photos."), widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Needed where the reason is another one"),
    )

    def clean(self):
        said = super().clean()
        said["note"] = " ".join((said.get("note") or "").split())
        if said.get("reason") == PhotoSkip.Reason.OTHER and not said["note"] and "note" not in self.errors:
            self.add_error("note", _("Say why there are no photos."))
        return said


class RemoveForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why it is taken out"),
        max_length=300,
        help_text=gettext_lazy("For example: shows somebody else"),
        error_messages={
            "required": gettext_lazy("Say why the photo is taken out."),
            "max_length": gettext_lazy("The reason must be 300 letters or fewer."),
        },
    )

    def clean_reason(self):
        return " ".join(self.cleaned_data["reason"].split())
