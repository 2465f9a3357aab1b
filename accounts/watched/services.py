"""Asking a second person, agreeing, refusing, and saying that one has read it. Each is one row in the log, with the change."""

import datetime as dt
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import record

from ..models import User
from . import kinds
from .models import ActRead, WatchedAct

LATELY = dt.timedelta(days=30)


class SecondPersonNeeded(Exception):
    """Nothing was done yet: it waits. `act` says for whom and until when; `message` says it to whoever asked."""

    def __init__(self, act: WatchedAct):
        super().__init__(act.words)
        self.act = act
        self.message = _("Nothing was changed yet: a second person is asked first. You find it on Today when it can go on.")


class NotTheirs(Exception):
    """This person has nothing to decide here."""


class Decided(Exception):
    """Somebody agreed, refused or carried it out before; `act` is what stands."""

    def __init__(self, act: WatchedAct):
        super().__init__(act.stands)
        self.act = act


def second_people(person: User | None, by: User) -> QuerySet[User]:
    """Who could agree: managers and medical leads who can sign in, but for who asks and whom it is about."""
    found = (
        User.objects.filter(role__in=kinds.AUTHORITY, is_active=True)
        .exclude(pk=by.pk)
        .exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    )
    return found.exclude(pk=person.pk) if person else found


def _took_others_away(by: User) -> bool:
    """Whether *by* took access or role from a manager or lead lately: sending the others away first is no way round either."""
    rows = WatchedAct.objects.filter(kind__in=(kinds.LEFT, kinds.ACCESS), by=by, at__gt=timezone.now() - LATELY)
    return any(act.kind == kinds.LEFT or kinds.THE_ROLE in act.detail["changed"] for act in rows)


def _authority(person: User, role: str) -> str:
    """
    The authority an act on *person* is about: the role they get or have, or one that was taken from them lately, so that taking it
    away first is no way round. Empty: none.
    """
    if role in kinds.AUTHORITY:
        return role
    since = timezone.now() - LATELY
    taken = WatchedAct.objects.filter(kind=kinds.ACCESS, person=person, at__gt=since).first()
    return taken.detail["role"] if taken else ""


def note(kind: str, person: User, *, by: User | None, role: str = "", request=None, **detail) -> None:
    """
    Tell of what is done at once, where it is about a medical lead or a manager: taking authority away never waits. Called within
    the transaction of the change.
    """
    role = _authority(person, role or person.role)
    if role:
        now = timezone.now()
        act = WatchedAct.objects.create(kind=kind, person=person, by=by, at=now, detail={"role": role, **detail}, done_at=now)
        _record_done(act, by, request)


def ask(kind: str, person: User, *, by: User | None, role: str = "", reason: str = "", request=None) -> WatchedAct | None:
    """
    None: go ahead, and it is noted as done. An act: it waits for a second person, and nothing else may be done now. Called within
    the transaction of the change, with the person's row locked.

    role: that the person gets. Acts on anybody but medical leads and managers go ahead unnoted.
    """
    role = _authority(person, role or person.role)
    if not role:
        return None
    now, act = timezone.now(), _standing(kind, person, role, by)
    if act is None:
        waits_until = None
        if by is not None and (second_people(person, by).exists() or _took_others_away(by)):
            waits_until = now + dt.timedelta(hours=settings.SECOND_PERSON_HOURS)
        act = WatchedAct.objects.create(
            kind=kind, person=person, by=by, at=now, reason=reason[:300], detail={"role": role}, waits_until=waits_until
        )
        if act.waits:
            record("watched.asked", actor=by, obj=act, request=request, detail=_detail(act))
    if act.waits:
        return act
    act.done_at = now
    act.save(update_fields=["done_at"])
    _record_done(act, by, request)
    return None


def _standing(kind: str, person: User, role: str, by: User | None) -> WatchedAct | None:
    rows = WatchedAct.objects.open().select_for_update(of=("self",)).filter(kind=kind, person=person, by=by)
    return next((act for act in rows if act.detail["role"] == role and not act.has_run_out), None)


def _detail(act: WatchedAct) -> dict:
    return {"kind": act.kind, "person": act.person_id, "asked_by": act.by_id, "agreed_by": act.agreed_by_id}


def _record_done(act: WatchedAct, by: User | None, request) -> None:
    record("watched.done", actor=by, obj=act, request=request, detail=_detail(act))


def _agree(act: WatchedAct, by: User, request) -> None:
    act.agreed_by, act.agreed_at = by, timezone.now()
    act.save(update_fields=["agreed_by", "agreed_at"])
    _note_read(act, by)
    record("watched.agreed", actor=by, obj=act, request=request, detail=_detail(act))


def _note_read(act: WatchedAct, user: User) -> bool:
    return ActRead.objects.get_or_create(act=act, user=user, of_the_end=not act.is_open)[1]


def _locked(act: WatchedAct) -> WatchedAct:
    return WatchedAct.objects.select_for_update(of=("self",)).get(pk=act.pk)


def agree(act: WatchedAct, *, by: User, request=None) -> WatchedAct:
    """Raises NotTheirs, and Decided where it does not wait any more."""
    with transaction.atomic():
        act = _locked(act)
        if not kinds.of(act).may_agree(by, act):
            raise NotTheirs
        if not act.waits:
            raise Decided(act)
        _agree(act, by, request)
    return act


def refuse(act: WatchedAct, *, by: User, request=None) -> WatchedAct:
    """Refuse it, or take back what one asked for. Raises NotTheirs and Decided."""
    with transaction.atomic():
        act = _locked(act)
        if by.pk not in (act.by_id, act.person_id) and not kinds.of(act).may_agree(by, act):
            raise NotTheirs
        if not kinds.may_refuse(by, act):
            raise Decided(act)
        act.refused_by, act.refused_at = by, timezone.now()
        act.save(update_fields=["refused_by", "refused_at"])
        _note_read(act, by)
        record("watched.refused", actor=by, obj=act, request=request, detail=_detail(act))
    return act


def read(act: WatchedAct, *, by: User, request=None) -> bool:
    """*by* has read it. False: they had said so before."""
    with transaction.atomic():
        is_new = _note_read(act, by)
        if is_new:
            record("watched.read", actor=by, obj=act, request=request, detail={"kind": act.kind, "person": act.person_id})
    return is_new


@dataclass
class Standing:
    """decide: waits for this person. go_on: they asked, and nothing is missing any more. read: they have not read it yet."""

    decide: list[WatchedAct] = field(default_factory=list)
    go_on: list[WatchedAct] = field(default_factory=list)
    read: list[WatchedAct] = field(default_factory=list)


MOST = 200


def standing_for(user: User) -> Standing:
    """What of all this *user* has to do with now, newest first. One query of a column where there is nothing, as on most days; else two."""
    reads = ActRead.objects.filter(act=OuterRef("pk"), user=user)
    rows = WatchedAct.objects.visible_to(user).annotate(
        read_open=Exists(reads.filter(of_the_end=False)), read_over=Exists(reads.filter(of_the_end=True))
    )
    unread = Q(read_over=False, at__gte=user.date_joined) & ~Q(by=user)
    rows = rows.filter(Q(done_at__isnull=True, refused_at__isnull=True) | unread)
    found = Standing()
    if not (pks := list(rows.values_list("pk", flat=True)[:MOST])):
        return found
    for act in rows.filter(pk__in=pks).select_related("person", "by", "agreed_by", "refused_by"):
        if kinds.may_agree(user, act):
            found.decide.append(act)
        elif act.goes and act.by_id == user.pk and not kinds.of(act).by_itself:
            found.go_on.append(act)
        elif owes_reading(user, act, is_read=act.read_open if act.is_open else act.read_over):
            found.read.append(act)
    return found


def owes_reading(user: User, act: WatchedAct, *, is_read: bool) -> bool:
    """Not who did it, not who came later, and nobody of the invitation that brought them here."""
    own_beginning = act.person_id == user.pk and act.kind in kinds.ABOUT_A_BEGINNER
    return not is_read and act.by_id != user.pk and act.at >= user.date_joined and not own_beginning


def open_about(person: User) -> list[WatchedAct]:
    """What is asked for about *person* and neither done nor refused nor run out."""
    rows = WatchedAct.objects.open().filter(person=person).select_related("person", "by", "agreed_by")
    return [act for act in rows if not act.has_run_out]
