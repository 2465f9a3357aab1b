"""The list of staff, and what each is signed off for. A clinician sees the own page. Changing the access is in `people`."""

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.services import note_read
from planner.wording import mm

from .. import services
from ..competence import standing_of, standing_on
from ..forms import CompetenceForm, EndForm, PrescriberForm
from ..models import Competence, Invitation, User
from ..permissions import PERMISSIONS, Role, requires
from ..services.staff import managed_by, why_not
from ..vocabulary import Vocabulary, vocabulary
from ..watched.services import open_about

TREATS = PERMISSIONS["records.sign"]
_WORST = ("expired", "soon", "held", "later")


def _visible(user):
    """Whom *user* may look up here: everybody at the own sites, or for a clinician nobody else."""
    if user.role == Role.CLINICIAN:
        return User.objects.filter(pk=user.pk)
    return managed_by(user) if user.may("staff.edit") else user.colleagues()


def _person_or_404(request, pk: int) -> User:
    found = _visible(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _described(row: Competence, words: Vocabulary, today) -> Competence:
    row.standing = standing_on(row, today)
    row.device_words = words.device_word(row.device)
    row.zone_words = words.zones_words(row.zones)
    row.depth_words = (
        _("Up to %(depth)s") % {"depth": mm(row.max_depth_mm)} if row.max_depth_mm is not None else _("As deep as the protocol allows")
    )
    zones = row.zone_words[:1].lower() + row.zone_words[1:]
    row.words = f"{row.device_words}, {zones}. {row.depth_words}."
    return row


@require_safe
@requires("competence.view")
def staff(request):
    if request.user.role == Role.CLINICIAN:
        return redirect("accounts:person", pk=request.user.pk)
    words, today = vocabulary(), timezone.localdate()
    everybody = _visible(request.user).order_by("last_name", "first_name", "pk")
    everybody = list(everybody.prefetch_related("sites", Prefetch("competences", Competence.objects.standing())))
    people = [found for found in everybody if found.is_active]
    for found in people:
        found.treats = found.role in TREATS
        found.rows = [_described(row, words, today) for row in standing_of(found)]
        states = [row.standing for row in found.rows if row.standing.state in ("expired", "soon")]
        found.warning = min(states, key=lambda standing: _WORST.index(standing.state), default=None)
        found.prescribes = found.prescribes_on(today)
    note_read("competence.viewed", request=request, detail={"people": len(people)})
    left = [found for found in everybody if not found.is_active]
    return render(request, "accounts/staff.html", {"people": people, "left": left, "today": today})


def _standing_invitation(found: User) -> Invitation | None:
    return found.invitations.filter(used_at__isnull=True, withdrawn_at__isnull=True, ends_at__gt=timezone.now()).first()


def _page(request, found: User, *, form=None, prescriber=None, ending=None, end_form=None, status=200):
    words, today = vocabulary(), timezone.localdate()
    rows = [_described(row, words, today) for row in found.competences.select_related("recorded_by", "ended_by")]
    context = {
        "person": found,
        "treats": found.role in TREATS,
        "refused": why_not(found, request.user) if request.user.may("staff.edit") else "",
        "asked": open_about(found) if request.user.may("staff.edit") else [],
        "invitation": _standing_invitation(found) if request.user.may("staff.edit") else None,
        "rows": [row for row in rows if row.ended_at is None],
        "ended": [row for row in rows if row.ended_at is not None],
        "prescribes": found.prescribes_on(today),
        "ending": ending,
        "end_form": end_form,
        "errors_on_page": status == 422,
    }
    if request.user.may("competence.edit"):
        context["form"] = form or CompetenceForm(words=words)
        context["prescriber_form"] = prescriber or PrescriberForm(
            initial={"is_prescriber": found.is_prescriber, "number": found.prescriber_number, "until": found.prescriber_until}
        )
        context["failed"] = next((bound for bound in (form, prescriber, end_form) if bound is not None and bound.errors), None)
    return render(request, "accounts/person.html", context, status=status)


@require_safe
@requires("competence.view")
def person(request, pk: int):
    found = _person_or_404(request, pk)
    note_read("competence.viewed", request=request, obj=found)
    return _page(request, found)


@require_POST
@requires("competence.edit")
def add_competence(request, pk: int):
    found = _person_or_404(request, pk)
    form = CompetenceForm(request.POST, words=vocabulary())
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    row = services.record_competence(found, by=request.user, request=request, **form.cleaned_data)
    messages.success(request, _("%(certificate)s is recorded for %(name)s.") % {"certificate": row.certificate, "name": found.display_name})
    return redirect("accounts:person", pk=pk)


@require_POST
@requires("competence.edit")
def end_competence(request, pk: int, competence_pk: int):
    found = _person_or_404(request, pk)
    row = found.competences.filter(pk=competence_pk).first()
    if row is None:
        raise Http404
    form = EndForm(request.POST, auto_id=f"end-{row.pk}-%s")
    if not form.is_valid():
        return _page(request, found, ending=row.pk, end_form=form, status=422)
    try:
        services.end(row, by=request.user, reason=form.cleaned_data["reason"], request=request)
        messages.success(request, _("%(certificate)s has ended.") % {"certificate": row.certificate})
    except services.AlreadyEnded as refusal:
        said = _("%(certificate)s was ended already by %(name)s.")
        messages.info(request, said % {"certificate": row.certificate, "name": refusal.row.ended_by})
    return redirect("accounts:person", pk=pk)


@require_POST
@requires("competence.edit")
def set_prescriber(request, pk: int):
    found = _person_or_404(request, pk)
    form = PrescriberForm(request.POST)
    if not form.is_valid():
        return _page(request, found, prescriber=form, status=422)
    services.set_prescriber(found, by=request.user, request=request, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("accounts:person", pk=pk)
