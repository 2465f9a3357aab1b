"""
Who works here: invited, given a role and sites, let go and taken back. Each says in the log who did it.

Giving or taking over the authority of a medical lead or a manager waits for a second person, where there is one (`accounts.watched`).
Nobody changes their own access. A manager changes people whose every site is a site of theirs. No site loses its last manager
or its last medical lead: an invitation that was never used does not count as one.
"""

import datetime as dt
import hashlib
import secrets

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import gathered, record

from ..desk.services import end_all
from ..handover import Outcome, kinds, on_leaving, on_returning
from ..listed import each
from ..models import Invitation, SignInNotice, Site, User
from ..permissions import Role
from ..reach import forget
from ..seen import digest
from ..signing_in import throttle
from ..watched import kinds as acts
from ..watched.services import SecondPersonNeeded, ask, note

NEVER_WITHOUT = (Role.MANAGER, Role.MEDICAL_LEAD)


class StaffRefused(Exception):
    """Nothing was changed. The message says why, or what to do first; `field` names the input it belongs beside."""

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.message, self.field = message, field


class ChangedMeanwhile(Exception):
    """Somebody saved this person's access after the form was opened."""


def managed_by(user: User):
    """Whom *user* may look up to manage: everybody of the own sites, and who belongs to no site at all."""
    placed = User.sites.through.objects.values("user_id")
    return User.objects.filter(Q(pk__in=user.colleagues().values("pk")) | ~Q(pk__in=placed))


def why_not(person: User, by: User) -> str:
    """Why *by* may not change the access of *person*; empty where they may."""
    if person.pk == by.pk:
        return _("Your own access is changed by another manager.")
    elsewhere = person.sites.exclude(pk__in=by.site_ids()).order_by("name").values_list("name", flat=True)
    if elsewhere:
        said = _("%(name)s also works at %(sites)s: a manager of all these sites changes the access.")
        return said % {"name": person.display_name, "sites": each(elsewhere)}
    return ""


def seen(person: User) -> str:
    """What the form of the access shows, for noticing a change by somebody else."""
    sites = sorted(person.sites.values_list("pk", flat=True))
    return digest(person.title, person.first_name, person.last_name, person.role, sites, person.is_active)


def _claim(person: User, by: User) -> User:
    """The row for writing, after those of all sites: two who let each other's last manager go come one after the other."""
    list(Site.objects.select_for_update(no_key=True).order_by("pk"))
    stored = User.objects.select_for_update().get(pk=person.pk)
    if words := why_not(stored, by):
        raise StaffRefused(words)
    return stored


def _keeps_what_it_needs(person: User, sites, *, role: str | None) -> None:
    """Raises StaffRefused where one of *sites* would lose its last manager or lead if *person* had *role* (None: were gone)."""
    if person.role not in NEVER_WITHOUT or person.role == role or not person.is_active:
        return
    for site in sites:
        others = User.objects.filter(sites=site, role=person.role, is_active=True).exclude(pk=person.pk)
        if not any(other.has_usable_password() for other in others):
            word = Role(person.role).label.lower()
            said = _("%(site)s would have no %(role)s. Give somebody else this role first, who has signed in once.")
            raise StaffRefused(said % {"site": site.name, "role": word}, field="role")


# Invitations


def _new_link(person: User, by: User) -> str:
    now = timezone.now()
    person.invitations.filter(used_at__isnull=True, withdrawn_at__isnull=True).update(withdrawn_at=now)
    secret = secrets.token_urlsafe(32)
    Invitation.objects.create(
        user=person,
        digest=_digest(secret),
        made_by=by,
        made_at=now,
        ends_at=now + dt.timedelta(hours=settings.INVITATION_HOURS),
    )
    return secret


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def invite(*, username: str, role: str, sites, by: User, title="", first_name="", last_name="", request=None) -> tuple[User, str]:
    """
    Make a member of staff without a password, and return them with the secret of the link that sets one; it is empty where a second
    person has to agree first, and then comes with `new_link`.

    Raises:
        StaffRefused: the user name is taken, or a site is none of the manager's.
    """
    if not sites or {site.pk for site in sites} - set(by.site_ids()):
        raise StaffRefused(_("Choose one or more of your own sites"), field="sites")
    taken = StaffRefused(_("The user name %(name)s is taken. Choose another") % {"name": username}, field="username")
    try:
        with transaction.atomic():
            if User.objects.filter(username__iexact=username).exists():
                raise taken
            person = User(username=username, role=role, title=title, first_name=first_name, last_name=last_name)
            person.set_unusable_password()
            person.save()
            person.sites.set(sites)
            waits = ask(acts.FIRST_LINK, person, by=by, request=request)
            secret = "" if waits else _new_link(person, by)
            detail = {"role": role, "sites": [site.pk for site in sites]}
            record("user.invited", actor=by, obj=person, request=request, detail=detail)
    except IntegrityError as clash:
        raise taken from clash
    return person, secret


def new_link(person: User, *, by: User, request=None) -> str:
    """
    The secret of a new link for *person*; earlier ones no longer work. The password stands until the link is used.

    Raises:
        StaffRefused: see the module. SecondPersonNeeded: it was asked for, and waits.
    """
    with transaction.atomic():
        stored = _claim(person, by)
        if not stored.is_active:
            raise StaffRefused(_("%(name)s has left. Take them back first.") % {"name": stored.display_name})
        is_first = not stored.has_usable_password() and stored.last_login is None
        waits = ask(acts.FIRST_LINK if is_first else acts.LINK, stored, by=by, request=request)
        if not waits:
            secret = _new_link(stored, by)
            if not is_first:
                SignInNotice.objects.create(user=stored, kind=SignInNotice.Kind.LINK_MADE, by=by)
            record("user.link_made", actor=by, obj=stored, request=request)
    if waits:
        raise SecondPersonNeeded(waits)
    return secret


def invitation_of(secret: str) -> Invitation | None:
    """The invitation that *secret* opens now: not used, not withdrawn, not run out, of somebody who works here."""
    rows = Invitation.objects.select_related("user").filter(used_at__isnull=True, withdrawn_at__isnull=True)
    return rows.filter(digest=_digest(secret), ends_at__gt=timezone.now(), user__is_active=True).first()


def use_invitation(secret: str, password: str, *, request=None) -> User | None:
    """Set the password once. None: the link is used, withdrawn or run out. Whoever was signed in with the old one is out."""
    with transaction.atomic():
        found = invitation_of(secret)
        if found is None or not Invitation.objects.filter(pk=found.pk, used_at__isnull=True).update(used_at=timezone.now()):
            return None
        person = User.objects.select_for_update().get(pk=found.user_id)
        person.set_password(password)
        person.password_is_temporary = False
        person.save(update_fields=["password", "password_is_temporary"])
        end_all(person, request=request, why="a new password by invitation")
        throttle.let_in_again(person.username)
        record("user.invitation_used", actor=person, obj=person, request=request)
    return person


# Role, sites, name


def change_access(
    person: User, *, role: str, sites, by: User, was: str, title: str = "", first_name: str = "", last_name: str = "", request=None
) -> User:
    """
    Set name, role and sites. Who gets another role or other sites works on with them at the next click.

    Raises:
        StaffRefused: see the module. ChangedMeanwhile: *was* is not what stands. SecondPersonNeeded: it was asked for, and waits.
    """
    with transaction.atomic():
        stored, waits = _claim(person, by), None
        if was != seen(stored):
            raise ChangedMeanwhile
        chosen, before = {site.pk for site in sites}, set(stored.sites.values_list("pk", flat=True))
        if not chosen or chosen - set(by.site_ids()):
            raise StaffRefused(_("Choose one or more of your own sites"), field="sites")
        given_up = Site.objects.filter(pk__in=before - chosen)
        _keeps_what_it_needs(stored, given_up, role=None)
        _keeps_what_it_needs(stored, Site.objects.filter(pk__in=before & chosen), role=role)
        changed, held = {}, stored.role
        for name, value in (("title", title), ("first_name", first_name), ("last_name", last_name), ("role", role)):
            if getattr(stored, name) != value:
                changed[name] = [getattr(stored, name), value] if name == "role" else True
                setattr(stored, name, value)
        if before != chosen:
            changed["sites"] = [sorted(before), sorted(chosen)]
        if not changed:
            return stored
        given = "role" in changed and role in acts.AUTHORITY
        waits = ask(acts.ROLE, stored, by=by, role=role, request=request) if given else None
        if not waits:
            stored.save(update_fields=["title", "first_name", "last_name", "role"])
            stored.sites.set(chosen)
            forget(stored)
            if not given:
                note(acts.ACCESS, stored, by=by, role=held, request=request, changed=_in_words(changed))
            SignInNotice.objects.create(user=stored, kind=SignInNotice.Kind.ACCESS_CHANGED, by=by)
            record("user.access_changed", actor=by, obj=stored, request=request, detail={"changed": changed})
    if waits:
        raise SecondPersonNeeded(waits)
    return stored


def _in_words(changed: dict) -> list[str]:
    """What was changed, for those who are told: no name, which may be a former one."""
    words = {acts.THE_ROLE: "role" in changed, acts.THE_SITES: "sites" in changed, acts.THE_NAME: bool(set(changed) - {"role", "sites"})}
    return [word for word, is_so in words.items() if is_so]


# Leaving


def leave(person: User, *, by: User, takers: dict[str, list[User]], request=None) -> dict[str, Outcome]:
    """
    Take the access of *person* away and hand over what is under way, all or nothing. takers: by the id of the kind.

    Raises:
        StaffRefused: see the module, or something under way that nobody was named for.
    """
    with transaction.atomic(), gathered():
        stored = _claim(person, by)
        if not stored.is_active:
            raise StaffRefused(_("%(name)s has left already.") % {"name": stored.display_name})
        _keeps_what_it_needs(stored, stored.sites.all(), role=None)
        User.objects.filter(pk=stored.pk).update(is_active=False, left_at=timezone.now(), sign_in_epoch=F("sign_in_epoch") + 1)
        stored.invitations.filter(used_at__isnull=True, withdrawn_at__isnull=True).update(withdrawn_at=timezone.now())
        end_all(stored, by=by, request=request, why="has left")
        given = {}
        for kind in kinds():
            to = takers.get(kind.id, [])
            if {taker.pk for taker in to} - {taker.pk for taker in kind.takers(stored)}:
                raise StaffRefused(_("Choose one from the list"), field=kind.id)
            if not to and not kind.none_takes and kind.pending(stored) and kind.takers(stored):
                raise StaffRefused(_("Choose who takes over: %(what)s") % {"what": kind.title.lower()}, field=kind.id)
            given[kind.id] = kind.give(stored, to, by)
        on_leaving(stored)
        detail = {
            kind: {"to": [taker.pk for taker in takers.get(kind, [])], "handed": outcome.handed, "left": len(outcome.left)}
            for kind, outcome in given.items()
        }
        note(acts.LEFT, stored, by=by, request=request)
        record("user.left", actor=by, obj=stored, request=request, detail=detail)
    return given


def take_back(person: User, *, by: User, request=None) -> str:
    """
    Somebody who left works here again: a new link lets them in. What was handed over stays where it is.

    Raises:
        StaffRefused: see the module. SecondPersonNeeded: it was asked for, and waits.
    """
    with transaction.atomic():
        stored = _claim(person, by)
        if stored.is_active:
            raise StaffRefused(_("%(name)s works here.") % {"name": stored.display_name})
        waits = ask(acts.TAKEN_BACK, stored, by=by, request=request)
        if not waits:
            stored.is_active, stored.left_at = True, None
            stored.set_unusable_password()
            stored.save(update_fields=["is_active", "left_at", "password"])
            on_returning(stored)
            secret = _new_link(stored, by)
            SignInNotice.objects.create(user=stored, kind=SignInNotice.Kind.TAKEN_BACK, by=by)
            record("user.taken_back", actor=by, obj=stored, request=request)
    if waits:
        raise SecondPersonNeeded(waits)
    return secret
