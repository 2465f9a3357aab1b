"""What kinds of acts there are, in words, and who may agree to each. Apps above register theirs in AppConfig.ready."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from ..listed import each
from ..permissions import Role
from ..templatetags.clinic_format import clock, day

FIRST_LINK, LINK, SECOND_STEP, ROLE, TAKEN_BACK = "first_link", "link", "second_step", "role", "taken_back"
ACCESS, LEFT, PASSWORD, CREATED = "access", "left", "password", "created"
ABOUT_A_BEGINNER = (FIRST_LINK, CREATED)  # whoever it is about knows it: they were not here before
AUTHORITY = (Role.MEDICAL_LEAD, Role.MANAGER)
THE_ROLE, THE_SITES, THE_NAME = (
    gettext_noop("the role"),
    gettext_noop("the sites"),
    gettext_noop("the name"),
)  # what an ACCESS act says was changed
SERVER = _("Somebody at the server")


def second_person(user, act) -> bool:
    """A manager or medical lead who neither asks nor is the one it is about."""
    return user.may("watched.decide") and user.pk not in (act.by_id, act.person_id)


def _nothing_more(act) -> dict:
    return {}


@dataclass(frozen=True)
class Kind:
    """
    done, asked: sentences with {by}, {person}, {role} and what *more* adds; asked is empty where nobody is asked beforehand.
    by_itself: it holds by itself once somebody agreed or the time is over; otherwise whoever asked carries it out.
    """

    id: str
    done: str
    asked: str = ""
    may_agree: Callable[[object, object], bool] = second_person
    waits_for: str = _("another manager or medical lead")
    holds: str = ""
    by_itself: bool = False
    more: Callable[[object], dict] = _nothing_more


_kinds: dict[str, Kind] = {}


def register_kind(*found: Kind) -> None:
    for kind in found:
        _kinds[kind.id] = kind


register_kind(
    Kind(FIRST_LINK, _("{by} invited {person} as {role}."), _("{by} asks to invite {person} as {role}.")),
    Kind(
        LINK,
        _("{by} made a link that sets a new password for {person}, {role}."),
        _("{by} asks to make a link that sets a new password for {person}, {role}."),
    ),
    Kind(
        SECOND_STEP,
        _("{by} took away the second step of {person}, {role}."),
        _("{by} asks to take away the second step of {person}, {role}."),
    ),
    Kind(ROLE, _("{by} gave {person} the role {role}."), _("{by} asks to give {person} the role {role}.")),
    Kind(TAKEN_BACK, _("{by} gave {person} access again as {role}."), _("{by} asks to give {person} access again as {role}.")),
    Kind(ACCESS, _("{by} changed {changed} of {person}, {role}."), more=lambda act: {"changed": each(map(gettext, act.detail["changed"]))}),
    Kind(LEFT, _("{by} ended the access of {person}, {role}.")),
    Kind(PASSWORD, _("{by} set a new first password for {person}, {role}.")),
    Kind(CREATED, _("{by} made an account for {person} as {role}.")),
)


def of(act) -> Kind:
    return _kinds[act.kind]


def may_agree(user, act) -> bool:
    return act.waits and of(act).may_agree(user, act)


def may_refuse(user, act) -> bool:
    """Also whoever asked, who takes it back, and whoever it is about, who did not ask for it."""
    if not act.is_open or (of(act).by_itself and not act.waits):
        return False
    return user.pk in (act.by_id, act.person_id) or of(act).may_agree(user, act)


def told(act) -> str:
    """One sentence: who did, or wants to do, what to whom."""
    kind = of(act)
    sentence = str(kind.done if act.done_at or not kind.asked else kind.asked)
    role = act.detail.get("role")
    values = {
        "by": act.by.display_name if act.by else SERVER,
        "person": act.person.display_name if act.person else "",
        "role": Role(role).label.lower() if role in Role.values else "",
    }
    return sentence.format(**{**values, **kind.more(act)})


def _at(moment) -> str:
    return f"{day(moment)}, {clock(moment)}"


def standing(act) -> str:
    """How it stands with the second person; empty where nobody was to be asked."""
    kind = of(act)
    by = act.by.display_name if act.by else str(SERVER)
    if act.refused_at:
        said = gettext("Taken back by %(name)s, %(at)s.") if act.refused_by_id == act.by_id else gettext("Refused by %(name)s, %(at)s.")
        return said % {"name": act.refused_by.display_name, "at": _at(act.refused_at)}
    if not kind.asked:
        return ""
    agreed = ""
    if act.agreed_at:
        agreed = gettext("%(name)s agreed, %(at)s.") % {"name": act.agreed_by.display_name, "at": _at(act.agreed_at)}
    if act.waits:
        if kind.by_itself:
            said = gettext("%(it_holds)s from %(at)s on, or as soon as %(whom)s agrees.")
            return said % {"it_holds": kind.holds, "at": _at(act.waits_until), "whom": kind.waits_for}
        said = gettext("Waits for %(whom)s. From %(at)s on %(name)s may go ahead alone.")
        return said % {"whom": kind.waits_for, "at": _at(act.waits_until), "name": by}
    if act.done_at:
        if act.waits_until:
            return agreed or gettext("Nobody else had agreed by %(at)s.") % {"at": _at(act.waits_until)}
        return agreed or gettext("There was nobody else to ask.")
    if kind.by_itself:
        since = gettext("%(it_holds)s since %(at)s.") % {"it_holds": kind.holds, "at": _at(act.goes_from)}
        return f"{agreed} {since}".strip()
    if act.has_run_out:
        too_late = gettext("Not carried out in time: it has to be asked for again.")
        return f"{agreed} {too_late}".strip()
    until = gettext("%(name)s may carry it out until %(at)s.") % {"name": by, "at": _at(act.ends_at)}
    nobody = gettext("Nobody else has answered.")
    return f"{agreed or nobody} {until}"
