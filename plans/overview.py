"""What the patient page and the patient header show of consultations and plans."""

from django.urls import reverse
from django.utils import timezone

from patients.overview import Action, Entry, Section
from planner.wording import span

from .alerts import watch_words
from .models import Consultation, TreatmentPlan


def overview(patient, user) -> Section | None:
    """Plans and consultations for the timeline, and what to do next. The desk sees neither."""
    if not user.may("plans.view"):
        return None
    section = Section()
    for plan in patient.plans.visible_to(user).without_documents().select_related("accepted_by", "patient").prefetch_related("zones"):
        depths = [zone.depth_mm for zone in plan.zones.all()]
        zones = f"{len(depths)} zone{'' if len(depths) == 1 else 's'}"
        section.entries.append(
            Entry(
                at=plan.accepted_at,
                title=f"Plan {plan.number}",
                facts=", ".join(
                    words
                    for words in (
                        f"{plan.sessions_count} sessions, {zones}, {span(min(depths), max(depths), 'mm')}, {plan.accepted_by.display_name}",
                        patient.under(plan),
                    )
                    if words
                ),
                url=reverse("plans:plan", args=[patient.number_of(plan), plan.number]),
                icon="i-prot",
                tag="" if plan.status == TreatmentPlan.Status.ACCEPTED else plan.get_status_display(),
            )
        )
    mine, today = None, timezone.localdate()
    for consultation in (
        patient.consultations.visible_to(user)
        .without_documents()
        .exclude(status=Consultation.Status.PLANNED)
        .select_related("clinician", "patient")
    ):
        open_now = consultation.is_open
        section.entries.append(
            Entry(
                at=consultation.started_at,
                title="Consultation",
                facts=f"{consultation.clinician.display_name}{'' if open_now else ', without a plan'}",
                url=reverse("plans:consultation", args=[patient.number_of(consultation), consultation.pk]),
                icon="i-pen",
                tag="Not finished" if open_now else "",
                tag_tone="caut",
            )
        )
        if open_now and consultation.clinician_id == user.pk and consultation.visit_date == today:
            mine = consultation
    if user.may("plans.edit"):
        if mine:
            url = reverse("plans:consultation", args=[patient.number_of(mine), mine.pk])
            section.actions.append(Action("Go on with the consultation", url, primary=True))
        else:
            url = reverse("plans:consult_start", args=[patient.number])
            section.actions.append(Action("Start a consultation", url, method="post", primary=True))
    return section


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
