"""For the clinician: what a patient answered beside what the record says, line by line."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import requires
from audit.models import Outcome
from audit.services import about, note_read, record

from .. import reading
from ..models import QuestionnaireResponse, ResponseItem
from ..record_side import CHANGED, NEW, SAME, Record
from ..services import reviewing

ORDER = {CHANGED: 0, NEW: 1, SAME: 2}
TAGS = {
    CHANGED: (pgettext_lazy("answer", "Changed"), "defer"),
    NEW: (pgettext_lazy("answer", "New"), "info"),
    SAME: (pgettext_lazy("answer", "Unchanged"), "mute"),
}
_ACCEPTED_MEANWHILE = gettext_noop("%(name)s accepted this line meanwhile: %(said)s")
_DECLINED_MEANWHILE = gettext_noop("%(name)s declined this line meanwhile: %(said)s")
READABLE = (QuestionnaireResponse.Status.SENT, QuestionnaireResponse.Status.REVIEWED)


def _find(request, pk: int) -> QuestionnaireResponse:
    rows = QuestionnaireResponse.objects.visible_to(request.user).filter(status__in=READABLE)
    rows = rows.select_related("patient__site", "patient__merged_into__site", "site", "protocol_version", "handed_by", "closed_by")
    found = get_object_or_404(rows.defer("protocol_version__document"), pk=pk)
    about(found.patient_id)
    found.site.set_clock()
    return found


@require_safe
@requires("intake.review")
def review(request, pk: int):
    found = _find(request, pk)
    note_read("intake.viewed", request=request, patient=found.patient_id, obj=found)
    return _page(request, found)


def _page(request, found: QuestionnaireResponse, *, problem: str = "", status: int = 200):
    file = Record(found)
    items = list(found.items.select_related("decided_by"))
    waiting = []
    for item in items:
        item.side = file.beside(item) if not item.decision else None
        if item.side:
            item.tag, item.tone = TAGS[item.side.state]
            waiting.append(item)
    waiting.sort(key=lambda item: (ORDER[item.side.state], item.position))
    answered = {item.code for item in items if item.kind == ResponseItem.Kind.QUESTION}
    open_ones = [question.text for code, question in reading.questions(found).items() if code not in answered]
    later = QuestionnaireResponse.objects.visible_to(request.user).filter(patient=found.patient, pk__gt=found.pk, status__in=READABLE)
    context = {
        "found": found,
        "patient": found.patient.person,
        "waiting": waiting,
        "told": [item for item in waiting if item.side.state != SAME],
        "same": [item for item in waiting if item.side.state == SAME],
        "decided": [item for item in items if item.decision],
        "left_open": open_ones,
        "not_named": file.not_named(items) if found.is_waiting else {},
        "unchanged": sum(reviewing.belongs(item, file, reviewing.UNCHANGED) for item in waiting),
        "first_no": sum(reviewing.belongs(item, file, reviewing.FIRST_NO) for item in waiting),
        "later": later.only("pk", "sent_at").order_by("-pk").first(),
        "problem": problem,
        "errors_on_page": bool(problem),
    }
    return render(request, "intake/review.html", context, status=status)


@require_POST
@requires("intake.review")
def decide(request, pk: int):
    found = _find(request, pk)
    which, _, line = request.POST.get("do", "").partition(":")
    try:
        if which in (reviewing.UNCHANGED, reviewing.FIRST_NO):
            done = reviewing.decide_all(found, which, by=request.user, request=request)
        elif which in ResponseItem.Decision.values and line.isascii() and line.isdigit() and len(line) < 15:
            done = reviewing.decide(found, int(line), which, by=request.user, request=request)
        else:
            return _page(request, found, problem=gettext("Choose a line, then Accept or Decline."), status=422)
    except ResponseItem.DoesNotExist:
        raise Http404 from None
    except reviewing.CannotAccept as refusal:
        record("intake.accepted", request=request, patient=found.patient_id, obj=found, outcome=Outcome.REFUSED, detail={"line": line})
        return _page(request, found, problem=str(refusal), status=422)
    except reviewing.DecidedMeanwhile as other:
        item = other.item
        accepted = item.decision == ResponseItem.Decision.ACCEPTED
        words = _ACCEPTED_MEANWHILE if accepted else _DECLINED_MEANWHILE
        said = {"name": item.decided_by.display_name, "said": item.said_words}
        return _page(request, found, problem=gettext(words) % said, status=409)
    if done.decided and not done.left:
        messages.success(request, gettext("Everything is gone through."))
    return redirect(f"{reverse('intake:review', args=[pk])}#waiting" if done.left else reverse("intake:review", args=[pk]))
