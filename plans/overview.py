"""What the patient page and the patient header show of consultations and plans."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from patients.overview import Action, Entry, Section
from patients.timeline import Source

from .alerts import watch_words
from .models import Consultation, TreatmentPlan
from .said import span


def _plans(patient, user, until) -> list[Entry]:
    rows = TreatmentPlan.objects.visible_to(user).filter(patient=patient).without_documents()
    found = []
    for plan in until.newest(rows.select_related("accepted_by", "patient").prefetch_related("zones"), "accepted_at"):
        depths = [zone.depth_mm for zone in plan.zones.all()]
        zones = ngettext("%(count)s zone", "%(count)s zones", len(depths)) % {"count": len(depths)}
        depth = f", {span(min(depths), max(depths), 'mm')}" if depths else ""
        sessions = _("%(number)s sessions") % {"number": plan.sessions_count}
        words = (f"{sessions}, {zones}{depth}, {plan.accepted_by.display_name}", patient.under(plan))
        found.append(
            Entry(
                at=plan.accepted_at,
                title=_("Plan %(number)s") % {"number": plan.number},
                facts=", ".join(word for word in words if word),
                url=reverse("plans:plan", args=[patient.number_of(plan), plan.number]),
                icon="i-prot",
                tag="" if plan.status == TreatmentPlan.Status.ACCEPTED else plan.get_status_display(),
            )
        )
    return found


def _consultations(patient, user, until) -> list[Entry]:
    """Those that led to a plan are told by the plan's line."""
    rows = Consultation.objects.visible_to(user).filter(patient=patient).without_documents().exclude(status=Consultation.Status.PLANNED)
    return [
        Entry(
            at=row.started_at,
            title=_("Consultation"),
            facts=row.clinician.display_name if row.is_open else _("%(name)s, without a plan") % {"name": row.clinician.display_name},
            url=reverse("plans:consultation", args=[patient.number_of(row), row.pk]),
            icon="i-pen",
            tag=_("Not finished") if row.is_open else "",
            tag_tone="caut",
        )
        for row in until.newest(rows.select_related("clinician", "patient"), "started_at")
    ]


SOURCES = (Source("plans", "plans.view", _plans), Source("plans", "plans.view", _consultations))


def overview(patient, user) -> Section | None:
    """What to do next. The desk sees neither plans nor consultations."""
    if not user.may("plans.view") or not user.may("plans.edit"):
        return None
    mine = (
        Consultation.objects.visible_to(user)
        .filter(patient=patient, status=Consultation.Status.OPEN, clinician=user, visit_date=timezone.localdate())
        .without_documents()
        .select_related("patient")
        .first()
    )
    if mine:
        url = reverse("plans:consultation", args=[patient.number_of(mine), mine.pk])
        return Section(actions=[Action(_("Go on with the consultation"), url, primary=True)])
    url = reverse("plans:consult_start", args=[patient.number])
    return Section(actions=[Action(_("Start a consultation"), url, method="post", primary=True)])


def watch_for(patient, user):
    """Short alert words out of the last proposal, for everybody who books or treats: words only, never findings."""
    rows = Consultation.objects.visible_to(user).filter(patient=patient).exclude(proposal={})
    # Only the findings leave the database: the whole proposal is long, and this stands on every screen of the patient.
    last = rows.values("proposal__findings", "proposal__status").first()
    if last is None:
        return None
    words = watch_words({"findings": last["proposal__findings"] or []})[:4]
    # Nothing found while questions stand open says nothing: "Not asked", not "None known".
    return words or (None if last["proposal__status"] == "ask" else [])
