"""
The retention rules that hold, and how they are set. A longer period holds at once. A shorter one, and the first of a country, is an
override by name: told to all who answer for the clinic, it holds for erasures when a medical lead has agreed who did not set it, or
after settings.RETENTION_WAIT_DAYS (see `accounts.watched`).
"""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop, ngettext

from accounts.models import Site
from accounts.permissions import Role
from accounts.watched.kinds import Kind, register_kind
from accounts.watched.models import WatchedAct
from audit.services import record
from patients.models import Patient

from ..models import RetentionRule
from .countries import called

SHORTENED = "retention_shortened"
VALUES = ("years", "minor_age", "minor_years")


class ReasonNeeded(Exception):
    """The period gets shorter, and nobody said why."""


def in_words(values: dict | None) -> str:
    if values is None:
        return gettext("no end")
    words = _years(values["years"])
    if not values["minor_years"]:
        return words
    said = {"years": words, "age": values["minor_age"], "more": _years(values["minor_years"])}
    return gettext("%(years)s (who was under %(age)s: until %(more)s after that birthday)") % said


def _years(count: int) -> str:
    return ngettext("%(n)s year", "%(n)s years", count) % {"n": count}


def _more(act: WatchedAct) -> dict:
    before, after, country = act.detail["before"], act.detail["after"], act.detail["country"]
    if before is None:
        change = gettext("set to %(after)s") % {"after": in_words(after)}
    elif all(before[name] == after[name] for name in ("minor_age", "minor_years")):
        change = gettext("shortened from %(before)s to %(after)s") % {"before": _years(before["years"]), "after": _years(after["years"])}
    else:
        change = gettext("shortened from %(before)s to %(after)s") % {"before": in_words(before), "after": in_words(after)}
    return {"country": called(country), "change": change, "basis": after["basis"]}


def _a_lead_who_did_not_set_it(user, act: WatchedAct) -> bool:
    return user.role == Role.MEDICAL_LEAD and user.may("watched.decide") and user.pk != act.by_id


SENTENCE = gettext_noop("How long records in {country} are kept: {change}, by {by}. Basis: {basis}.")


def declare() -> None:
    register_kind(
        Kind(
            SHORTENED,
            SENTENCE,
            SENTENCE,
            may_agree=_a_lead_who_did_not_set_it,
            waits_for=gettext_noop("a medical lead who did not set it"),
            holds=gettext_noop("Holds for erasures"),
            by_itself=True,
            more=_more,
        )
    )


def _open() -> list[WatchedAct]:
    return list(WatchedAct.objects.open().filter(kind=SHORTENED).select_related("by", "agreed_by").order_by("pk"))


def _rule(act: WatchedAct) -> RetentionRule:
    return RetentionRule(country=act.detail["country"], **act.detail["after"], set_by=act.by, set_at=act.at)


def in_force() -> dict[str, RetentionRule]:
    """The rule that holds now, by country."""
    found = {rule.country: rule for rule in RetentionRule.objects.select_related("set_by")}
    return found | {act.detail["country"]: _rule(act) for act in _open() if act.goes}


def to_come() -> dict[str, tuple[WatchedAct, RetentionRule]]:
    """Shorter rules that do not hold yet, by country."""
    return {act.detail["country"]: (act, _rule(act)) for act in _open() if act.waits}


def _values(rule: RetentionRule | None) -> dict | None:
    return None if rule is None else {name: getattr(rule, name) for name in VALUES}


def is_shorter(before: dict | None, after: dict) -> bool:
    """Whether anybody would be kept for less long; without a rule nobody is due, so the first one is shorter."""
    if before is None:
        return True
    grown_up = [values["minor_age"] + values["minor_years"] for values in (before, after)]
    return after["years"] < before["years"] or after["minor_age"] < before["minor_age"] or grown_up[1] < grown_up[0]


def set_rule(country: str, *, by, reason: str = "", request=None, **values) -> WatchedAct | None:
    """
    Returns None where the rule holds now, else the act it waits with. What somebody set before and does not hold yet is replaced.
    values: years, minor_age, minor_years, basis.

    Raises:
        ReasonNeeded: nothing was changed.
    """
    with transaction.atomic():
        list(Site.objects.select_for_update(no_key=True).order_by("pk"))  # two who set it come one after the other
        rule = RetentionRule.objects.filter(country=country).first()
        now = timezone.now()
        for act in _open():
            if act.detail["country"] != country:
                continue
            if act.goes:
                rule = _save(country, act.by, act.detail["after"])
                WatchedAct.objects.filter(pk=act.pk).update(done_at=now)
            else:
                WatchedAct.objects.filter(pk=act.pk).update(refused_by=by, refused_at=now)
                record("watched.refused", actor=by, obj=act, request=request, detail={"kind": act.kind, "country": country})
        before, after = _values(rule), {name: values[name] for name in VALUES}
        if not is_shorter(before, after):
            saved = _save(country, by, values)
            said = {name: [before[name], after[name]] for name in VALUES}
            record("retention.set", actor=by, request=request, obj=saved, detail={"country": country, **said})
            return None
        if before is not None and not reason:
            raise ReasonNeeded
        act = WatchedAct.objects.create(
            kind=SHORTENED,
            by=by,
            at=now,
            reason=reason,
            detail={"country": country, "before": before, "after": {**after, "basis": values["basis"]}},
            waits_until=now + dt.timedelta(days=settings.RETENTION_WAIT_DAYS),
        )
        said = {name: [before[name] if before else None, after[name]] for name in VALUES}
        record("retention.shortened", actor=by, request=request, obj=act, detail={"country": country, **said})
    return act


def _save(country: str, by, values: dict) -> RetentionRule:
    return RetentionRule.objects.update_or_create(country=country, defaults={**values, "set_by": by})[0]


def why_not_there(site: Site, country: str) -> str:
    """Why *site* may not be said to lie in *country*: its patients would be kept for less long. Empty where it may."""
    if not Patient.objects.filter(site=site).exists():
        return ""
    rules = in_force()
    before, after = _values(rules.get(site.country)), _values(rules.get(country))
    if after is None or not is_shorter(before, after):
        return ""
    return gettext(
        "Records there are kept for %(there)s, here for %(here)s. Lengthen the rule of %(country)s first, under Retention and erasure"
    ) % {"there": in_words(after), "here": in_words(before), "country": country}
