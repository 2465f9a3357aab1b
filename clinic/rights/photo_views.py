"""Taking photos of one patient out as a file, for one use."""

from django import forms
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from accounts.signing_in.fresh import asks_who_it_is
from accounts.templatetags.clinic_format import in_words
from audit.models import Outcome
from audit.services import note_read, record
from consent.photos import answers_of
from patients.access import patient_or_404
from photos import permission, storage
from photos.models import Photo

from . import photos_out, sending

MOST = 200
NO_USE = gettext_noop("The patient allows no use of photos. Ask the patient first.")


class PhotosOutForm(forms.Form):
    use = forms.ChoiceField(
        label=gettext_lazy("What for"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what the photos are for.")},
    )
    photos = forms.MultipleChoiceField(
        label=gettext_lazy("Which photos"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick the photos that go out.")},
    )

    def __init__(self, *args, uses, rows, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["use"].choices = uses
        self.fields["use"].error_messages["invalid_choice"] = _("The patient does not allow this use, or took it back. Choose another.")
        self.rows = {str(row.pk): row for row in rows}
        self.fields["photos"].choices = [(pk, _label(row)) for pk, row in self.rows.items()]
        self.fields["photos"].error_messages["invalid_choice"] = _("One of these photos is not there any more. Look at the list again.")


def _label(photo: Photo) -> str:
    day = photo.site.day_of(photo.taken_at)
    return f"{photo}, {in_words(day)}, {photo.occasion_label.lower()}".replace("\N{NO-BREAK SPACE}", " ")


@require_http_methods(["GET", "HEAD", "POST"])
@requires("photos.take_out")
def photos_out_page(request, number: int):
    return _photos_out(request, patient_or_404(request, number, of_own_site=True))


@asks_who_it_is
def _photos_out(request, patient):
    uses = [(answer.use, answer.label) for answer in answers_of(patient) if answer.may]
    rows = Photo.objects.visible_to(request.user).standing().filter(patient=patient).select_related("session", "site", "patient")
    form = PhotosOutForm(request.POST or None, uses=uses, rows=rows[:MOST])
    if request.method != "POST":
        note_read("photos.listed", request=request, patient=patient)
        return _page(request, patient, form, uses)
    if not form.is_valid():
        return _refused(request, patient, form, uses, {"fields": sorted(form.errors)})
    use = permission.Use(form.cleaned_data["use"])
    chosen = [form.rows[pk] for pk in form.rows if pk in set(form.cleaned_data["photos"])]
    try:
        file, size = sending.whole(photos_out.archive(chosen, use, number=patient.number))
    except permission.NotAllowed as refusal:
        form.add_error("use", str(refusal))
        return _refused(request, patient, form, uses, {"use": str(use)})
    except storage.NotTheFile:
        form.add_error("photos", _("The file of one of these photos is gone or changed. Open each to see which, and leave it out."))
        return _refused(request, patient, form, uses, {"why": "file"})
    detail = {"use": str(use), "photos": [row.pk for row in chosen]}
    record("photos.taken_out", request=request, patient=patient, detail=detail)
    return sending.sent(file, size, f"photos-{use}-{timezone.localdate():%Y-%m-%d}.zip")


def _refused(request, patient, form, uses, detail: dict):
    record("photos.taken_out", request=request, patient=patient, outcome=Outcome.REFUSED, detail=detail)
    return _page(request, patient, form, uses, status=422)


def _page(request, patient, form, uses, *, status: int = 200):
    context = {"patient": patient, "form": form, "uses": uses, "no_use": gettext(NO_USE), "errors_on_page": status != 200}
    return render(request, "clinic/rights/photos_out.html", context, status=status)
