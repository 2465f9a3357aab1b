"""Deleting a draft that nobody was asked to read."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from audit.services import note_read

from .. import services
from ..forms import DeleteForm
from ..models import ProtocolVersion
from ..services import ProtocolRefused, StaleDraft


@requires("protocols.delete")
@require_http_methods(["GET", "HEAD", "POST"])
def delete_draft(request, version):
    """Say what goes, and who worked on it; then delete the draft by its name, with a reason."""
    rows = ProtocolVersion.objects.select_related("based_on", "created_by").defer("document", "based_on__document")
    if request.method == "POST" and not rows.filter(version=version).exists():
        return redirect("protocols:list")  # a second click
    draft = get_object_or_404(rows, version=version)
    form, stale, refused, status = DeleteForm(named=draft.version, initial={"lock_version": draft.lock_version}), False, "", 200
    if request.method == "POST":
        form, status = DeleteForm(request.POST, named=draft.version), 422
        if form.is_valid():
            try:
                services.delete_draft(draft, by=request.user, **form.cleaned_data)
            except StaleDraft:
                stale, status = True, 409
                form = _seen_again(form, rows.get(pk=draft.pk))
            except ProtocolRefused as error:
                refused, status = str(error), 409
            else:
                messages.success(request, _("Draft %(version)s is deleted.") % {"version": draft.version})
                return redirect("protocols:list")
    else:
        note_read("protocol.viewed", request=request, obj=draft, detail={"page": "delete"})
    edits = draft.edits.select_related("made_by")
    context = {
        "version": draft,
        "form": form,
        "stale": stale,
        "refused": refused,
        "kept": services.what_keeps(draft, request.user),
        "edits": edits.count(),
        "people": list(dict.fromkeys(edit.made_by.display_name for edit in edits.only("made_by"))),
        "errors_on_page": status == 422,
    }
    return render(request, "protocols/delete.html", context, status=status)


def _seen_again(form: DeleteForm, draft: ProtocolVersion) -> DeleteForm:
    """The same with what was typed, now about the draft as it stands."""
    data = form.data.copy()
    data[form.add_prefix("lock_version")] = draft.lock_version
    again = DeleteForm(data, named=draft.version)
    again.is_valid()
    return again
