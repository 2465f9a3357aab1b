"""One photo: large, with how it was taken; and taking it out where it was entered in error."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import requires
from audit.services import note_read

from .. import links, permission
from ..forms import RemoveForm
from ..services import remove as take_out
from .shown import photo_or_404


def _context(request, photo) -> dict:
    may_see = permission.in_record(photo.patient)
    return {
        "patient": photo.patient.person,
        "photo": photo,
        "may_see": may_see,
        "allowed": permission.in_words(photo.patient),
        "src": links.address(photo, "screen", request.user) if may_see else "",
    }


@require_safe
@requires("photos.view")
def photo(request, pk: int):
    row = photo_or_404(request, pk, standing=False)
    note_read("photo.opened", request=request, patient=row.patient_id, obj=row)
    if row.removed_at:
        return render(request, "photos/taken_out.html", {"patient": row.patient.person, "photo": row})
    return render(request, "photos/photo.html", _context(request, row))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("photos.remove")
def remove(request, pk: int):
    row = photo_or_404(request, pk, standing=False)
    if row.removed_at:
        return redirect("photos:photo", row.pk)
    form = RemoveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        take_out(row, form.cleaned_data["reason"], by=request.user)
        messages.success(request, _("Taken out. The photo is shown to nobody any more."))
        return redirect("photos:patient", row.patient.person.number)
    if request.method != "POST":
        note_read("photo.opened", request=request, patient=row.patient_id, obj=row)
    failed = request.method == "POST"
    context = _context(request, row) | {"form": form, "errors_on_page": failed}
    return render(request, "photos/remove.html", context, status=422 if failed else 200)
