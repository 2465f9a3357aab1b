"""Two records of one person: put together, and taken apart again within 30 days. Nothing of either's history is touched."""

import datetime as dt
import uuid
from collections.abc import Mapping

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.permissions import may, who
from accounts.templatetags.clinic_format import in_words
from audit.services import gathered, record

from .merged_facts import LISTS, OF_THE_PERSON, joined_lists, joined_phototype, settled_lists, share
from .merging import parts
from .models import Patient, PatientMerge

UNDO_DAYS = 30
REASON_LEAST = 5  # letters
NAMES = ("surname", "given", "preferred_name")
# What is asked where the two records differ, in the order of the page.
ASKED = (*NAMES, "birth_date", "sex", "language", "phone", "email", "address")
MUST_AGREE = ("birth_date", "sex")
_BEFORE = (*NAMES, *OF_THE_PERSON)


class MergeRefused(Exception):
    """`why`: whole sentences, each with what to do. `field`: of the form, where one thing is still to be said there."""

    def __init__(self, why: list[str], *, field: str = ""):
        self.why, self.field = [str(reason) for reason in why], field
        super().__init__(" ".join(self.why))


def differing(kept: Patient, other: Patient) -> list[str]:
    """Which of `ASKED` the two say differently."""
    return [name for name in ASKED if getattr(kept, name) != getattr(other, name)]


def contradicting(kept: Patient, other: Patient) -> list[str]:
    """Which of `MUST_AGREE` the two contradict each other in: a sex nobody asked for contradicts nothing."""
    return [name for name in MUST_AGREE if getattr(kept, name) and getattr(other, name) and getattr(kept, name) != getattr(other, name)]


def in_the_way(kept: Patient, other: Patient, *, by) -> list[str]:
    """Why *other* cannot be merged into *kept*, in whole sentences; empty where it can."""
    if kept.pk == other.pk:
        return [_("This is one and the same record. Choose another one.")]
    if not may(by, "patients.merge"):
        return [_("Only %(who)s put records together.") % {"who": who("patients.merge")}]
    own = by.site_ids()
    if kept.site_id not in own or other.site_id not in own:  # an emergency access is not enough
        return [_("Both records must belong to a site you work at. Ask somebody who works at both.")]
    found = []
    for one in (kept, other):
        if one.merged_into_id is not None:
            numbers = {"number": one.number, "kept": one.merged_into.number}
            found.append(_("No. %(number)s is merged into no. %(kept)s already. Choose no. %(kept)s instead.") % numbers)
    if found:
        return found
    return [words for part in parts() for words in part.obstacles(kept, other)]


def _json(value):
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


def _said(patient: Patient) -> dict:
    """What *patient* says of `_BEFORE`, as it can be kept."""
    fields = [Patient._meta.get_field(name) for name in _BEFORE]
    return {field.name: _json(getattr(patient, field.attname)) for field in fields}


def _values(said: Mapping) -> dict:
    """`_said` the other way round: by attribute."""
    fields = [Patient._meta.get_field(name) for name in said]
    return {field.attname: said[field.name] if said[field.name] is None else field.to_python(said[field.name]) for field in fields}


def _locked(*pks: int) -> dict[int, Patient]:
    """All records of these people, locked in the order of their keys: so no two who lock some of them wait for each other."""
    rows = Patient.objects.select_for_update().filter(Q(pk__in=pks) | Q(merged_into__in=pks))
    return {row.pk: row for row in rows.order_by("pk")}


def merge(
    kept: Patient,
    other: Patient,
    *,
    by,
    versions: Mapping[int, int],
    holds: Mapping[str, int],
    request_key: uuid.UUID,
    reason: str = "",
    request=None,
) -> PatientMerge:
    """
    Point *other* to *kept*. holds: of each field that differs, the number of the record whose value holds. versions: of both rows, as
    they were shown. reason: why they are one person all the same, where birth date or sex differ.
    The same *request_key* again returns what it made.

    Raises:
        MergeRefused: nothing was changed. StaleRow: one of the two was changed since it was shown.
    """
    with transaction.atomic(), gathered():
        for part in parts():
            part.enter(kept, other)
        locked = _locked(kept.pk, other.pk)
        if earlier := PatientMerge.objects.filter(request_key=request_key).first():
            return earlier
        if not {kept.pk, other.pk} <= set(locked):
            raise MergeRefused([_("One of the two was erased meanwhile.")])
        kept, other = locked[kept.pk], locked[other.pk]
        if why := in_the_way(kept, other, by=by):
            raise MergeRefused(why)
        for row in (kept, other):
            row.claim(versions[row.pk])
        if contradicting(kept, other) and len(reason.strip()) < REASON_LEAST:
            raise MergeRefused([_contradiction(kept, other)], field="reason")
        differ = differing(kept, other)
        for name in differ:
            if holds.get(name) not in (kept.number, other.number):
                raise MergeRefused([_("Choose which of the two holds.")], field=name)
        before = {"kept": _said(kept), "other": _said(other)}
        facts = {**joined_lists(kept, other), "phototype": joined_phototype(kept, other)}
        facts |= {name: getattr(kept if holds[name] == kept.number else other, name) for name in differ}
        for name, value in facts.items():
            setattr(kept, name, value)
        kept.save(update_fields=list(facts))
        other.merged_into, other.merged_at = kept, timezone.now()
        # One step and never a chain: what was merged into the other one before follows it. Asked from now on, as whoever asked for the
        # kept one did not know of it either.
        Patient.objects.filter(merged_into=other.pk).update(merged_into=kept, merged_at=other.merged_at)
        other.save(update_fields=["merged_into", "merged_at"])
        share(kept)
        row = PatientMerge.objects.create(
            kept=kept,
            other=other,
            merged_by=by,
            merged_at=other.merged_at,
            reason=reason.strip()[:300] if contradicting_in(before) else "",
            holds={name: holds[name] for name in differ},
            before=before,
            after=_said(kept),
            request_key=request_key,
        )
        for part in parts():
            part.join(kept, other)
        detail = {"kept": kept.number, "other": other.number, "fields": differ, "overridden": contradicting_in(before)}
        for one in (kept, other):
            record("patient.merged", actor=by, patient=one, obj=row, request=request, detail=detail)
    return row


def contradicting_in(before: Mapping) -> list[str]:
    said = before["kept"], before["other"]
    return [name for name in MUST_AGREE if said[0][name] and said[1][name] and said[0][name] != said[1][name]]


def _contradiction(kept: Patient, other: Patient) -> str:
    words = {
        ("birth_date",): _("The two have different dates of birth. Say how you know that they are one person, or leave them apart."),
        ("sex",): _("The two have different sexes at birth. Say how you know that they are one person, or leave them apart."),
        ("birth_date", "sex"): _(
            "The two have different dates of birth and sexes at birth. Say how you know that they are one person, or leave them apart."
        ),
    }
    return words[tuple(contradicting(kept, other))]


# Taking apart


def last_day(row: PatientMerge) -> dt.date:
    """The last day on which *row* can be undone."""
    return timezone.localdate(row.merged_at) + dt.timedelta(days=UNDO_DAYS)


def why_not_undone(row: PatientMerge, *, by) -> str:
    """Why *row* stays; empty where *by* may undo it."""
    if row.undone_at is not None:
        return _("This was undone on %(day)s.") % {"day": in_words(timezone.localdate(row.undone_at))}
    if timezone.localdate() > last_day(row):
        return _("The two were put together on %(day)s. That can be undone for %(days)s days, until %(last)s.") % {
            "day": in_words(timezone.localdate(row.merged_at)),
            "days": UNDO_DAYS,
            "last": in_words(last_day(row)),
        }
    if row.kept.merged_into_id is not None:
        numbers = {"number": row.kept.number, "kept": row.kept.merged_into.number}
        return _("No. %(number)s was merged into no. %(kept)s since. Take those two apart first.") % numbers
    if not may(by, "patients.unmerge"):
        said = {"who": who("patients.unmerge"), "day": in_words(last_day(row))}
        return _("Only %(who)s take records apart again. Ask one of them until %(day)s.") % said
    return ""


def stays(row: PatientMerge) -> list[str]:
    """What was made under the kept record since, in words: it stays there when *row* is undone."""
    found = [words for part in parts() for words in part.stays(row.kept, row.other, row.merged_at)]
    made = {"patient__pk": row.kept_id, "recorded_at__gte": row.merged_at}
    if count := row.kept.allergies.filter(**made).count():
        found.append(ngettext("%(count)s allergy", "%(count)s allergies", count) % {"count": count})
    if count := row.kept.medications.filter(**made).count():
        found.append(ngettext("%(count)s medicine", "%(count)s medicines", count) % {"count": count})
    if count := row.kept.procedures.filter(**made).count():
        found.append(ngettext("%(count)s earlier procedure", "%(count)s earlier procedures", count) % {"count": count})
    if count := row.kept.screening_answers.filter(patient__pk=row.kept_id, answered_at__gte=row.merged_at).count():
        words = ngettext("%(count)s answer to safety questions", "%(count)s answers to safety questions", count)
        found.append(words % {"count": count})
    return found


def look_at(row: PatientMerge) -> list[str]:
    """What stood well under each record alone and is to be looked at now that they are one person's, in sentences."""
    return [words for part in parts() for words in part.look_at(row.kept)]


def changed_since(row: PatientMerge, kept: Patient) -> list[str]:
    """
    What of the kept record was changed again after the two were put together: it stays as it is now. What a record could not say yet
    when they were, before an upgrade, is not changed.
    """
    now = _said(kept)
    return [name for name in _BEFORE if now[name] != row.after.get(name, now[name])]


def stand_alone(row: PatientMerge, kept: Patient, other: Patient) -> None:
    """
    *other* points to *kept* no more and says again what it said before, with what was merged into it earlier; what follows a person
    follows each of the two again.
    """
    for name, value in _values(row.before["other"]).items():
        setattr(other, name, value)
    other.merged_into = other.merged_at = None
    other.save()
    for earlier in PatientMerge.objects.filter(kept=other, undone_at__isnull=True):
        Patient.objects.filter(pk=earlier.other_id).update(merged_into=other, merged_at=earlier.merged_at)
    _settle(other)
    other.refresh_from_db()
    share(other)
    for part in parts():
        part.undo(kept, other)


def _settle(one: Patient) -> None:
    if settled := settled_lists(one):
        Patient.objects.filter(pk=one.pk).update(**settled)
    one.claim(one.version)


def undo(row: PatientMerge, *, by, request=None) -> PatientMerge:
    """
    Take the two apart: each record says again what it said before; what was changed or made under the kept one since stays with it.
    Pressed twice, the second changes nothing.

    Raises:
        MergeRefused: nothing was changed.
    """
    with transaction.atomic(), gathered():
        for part in parts():
            part.enter(row.kept, row.other)
        locked = _locked(row.kept_id, row.other_id)
        row = PatientMerge.objects.filter(pk=row.pk).first()
        if row is None:
            raise MergeRefused([_("One of the two was erased meanwhile.")])
        if row.undone_at is not None:
            return row
        kept, other = locked[row.kept_id], locked[row.other_id]
        own = by.site_ids()
        if kept.site_id not in own:
            raise MergeRefused([_("Only somebody who works at the site of this record takes it apart.")])
        if why := why_not_undone(row, by=by):
            raise MergeRefused([why])
        changed = changed_since(row, kept)
        lists_changed = {name for name in LISTS if {name, f"{name}_at"} & set(changed)}
        keep = set(changed) | {f"{name}_at" for name in lists_changed} | lists_changed
        for name, value in _values({name: said for name, said in row.before["kept"].items() if name not in keep}).items():
            setattr(kept, name, value)
        kept.save()
        stand_alone(row, kept, other)
        _settle(kept)
        kept.refresh_from_db()
        share(kept)  # others may still be merged into it
        row.undone_at, row.undone_by = timezone.now(), by
        row.save(update_fields=["undone_at", "undone_by"])
        detail = {"kept": kept.number, "other": other.number, "fields": changed}
        for one in (kept, other):
            record("patient.unmerged", actor=by, patient=one, obj=row, request=request, detail=detail)
    return row
