"""What kinds of acts there are, in words, and who may agree to each. Apps above register theirs in AppConfig.ready."""

from collections.abc import Callable
from dataclasses import dataclass

from ..permissions import Role
from ..templatetags.clinic_format import clock, day

FIRST_LINK, LINK, SECOND_STEP, ROLE, TAKEN_BACK = "first_link", "link", "second_step", "role", "taken_back"
ACCESS, LEFT, PASSWORD, CREATED = "access", "left", "password", "created"
ABOUT_A_BEGINNER = (FIRST_LINK, CREATED)  # whoever it is about knows it: they were not here before
AUTHORITY = (Role.MEDICAL_LEAD, Role.MANAGER)
THE_ROLE = "the role"  # among what an ACCESS act says was changed
SERVER = "Somebody at the server"


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
    waits_for: str = "another manager or medical lead"
    holds: str = ""
    by_itself: bool = False
    more: Callable[[object], dict] = _nothing_more


_kinds: dict[str, Kind] = {}


def register_kind(*found: Kind) -> None:
    for kind in found:
        _kinds[kind.id] = kind


register_kind(
    Kind(FIRST_LINK, "{by} invited {person} as {role}.", "{by} asks to invite {person} as {role}."),
    Kind(
        LINK,
        "{by} made a link that sets a new password for {person}, {role}.",
        "{by} asks to make a link that sets a new password for {person}, {role}.",
    ),
    Kind(
        SECOND_STEP,
        "{by} took away the second step of {person}, {role}.",
        "{by} asks to take away the second step of {person}, {role}.",
    ),
    Kind(ROLE, "{by} gave {person} the role {role}.", "{by} asks to give {person} the role {role}."),
    Kind(TAKEN_BACK, "{by} gave {person} access again as {role}.", "{by} asks to give {person} access again as {role}."),
    Kind(ACCESS, "{by} changed {changed} of {person}, {role}.", more=lambda act: {"changed": " and ".join(act.detail["changed"])}),
    Kind(LEFT, "{by} ended the access of {person}, {role}."),
    Kind(PASSWORD, "{by} set a new first password for {person}, {role}."),
    Kind(CREATED, "{by} made an account for {person} as {role}."),
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
    sentence = kind.done if act.done_at or not kind.asked else kind.asked
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
    by = act.by.display_name if act.by else SERVER
    if act.refused_at:
        verb = "Taken back" if act.refused_by_id == act.by_id else "Refused"
        return f"{verb} by {act.refused_by.display_name}, {_at(act.refused_at)}."
    if not kind.asked:
        return ""
    agreed = f"{act.agreed_by.display_name} agreed, {_at(act.agreed_at)}." if act.agreed_at else ""
    if act.waits:
        if kind.by_itself:
            return f"{kind.holds} from {_at(act.waits_until)} on, or as soon as {kind.waits_for} agrees."
        return f"Waits for {kind.waits_for}. From {_at(act.waits_until)} on {by} may go ahead alone."
    if act.done_at:
        alone = f"Nobody else had agreed by {_at(act.waits_until)}." if act.waits_until else "There was nobody else to ask."
        return agreed or alone
    if kind.by_itself:
        return f"{agreed} {kind.holds} since {_at(act.goes_from)}.".strip()
    if act.has_run_out:
        return f"{agreed} Not carried out in time: it has to be asked for again.".strip()
    return f"{agreed or 'Nobody else has answered.'} {by} may carry it out until {_at(act.ends_at)}."
