"""The picture itself: asked for by whoever may see it, each time anew, and kept by no browser."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.models import Outcome
from audit.services import note_nothing_new, note_read, note_refusal, record

from .. import links, permission, storage
from .shown import photo_or_404


@require_safe
@requires("photos.view")
def file(request, pk: int, size: str):
    """Always the whole picture: a part of it (Range) is asked for by nobody and given to nobody."""
    photo = photo_or_404(request, pk)
    if not permission.in_record(photo.patient):
        note_refusal(why="permission")
        return render(request, "photos/not_allowed.html", {"patient": photo.patient}, status=403)
    try:
        data = storage.read(getattr(photo, f"{size}_file"), getattr(photo, f"{size}_sha256"))
    except storage.NotTheFile as error:
        record("photo.opened", request=request, patient=photo.patient_id, obj=photo, outcome=Outcome.REFUSED, detail={"file": str(error)})
        return render(request, "photos/not_the_file.html", {"patient": photo.patient, "photo": photo}, status=409)
    if links.is_on_a_page(request, photo, size):
        note_nothing_new()  # the page it stands on has its row
    else:
        note_read("photo.opened", request=request, patient=photo.patient_id, obj=photo, detail={"size": size})
    response = HttpResponse(data, content_type="image/jpeg")
    response["Content-Disposition"] = f'inline; filename="photo-{photo.pk}.jpg"'
    response["Accept-Ranges"] = "none"
    return response
