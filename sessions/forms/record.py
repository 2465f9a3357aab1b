"""
What is typed on the record, read into values. Nothing is required here: a draft may be saved at any point, and what makes
a record whole is asked by the gate at signing. What cannot be read keeps its message and is kept as typed.
"""

import datetime as dt
import re
from decimal import Decimal

from django import forms
from django.utils.translation import gettext

from planner.wording import mm, number
from plans.competence import most_by_zone

from ..devices import standing as devices
from ..lots import rule
from ..lots.codes import LONGEST_CODE
from ..models import Resource, SessionZone, TreatmentSession
from ..tubes import rule as tubes
from .clock_time import ClockTime, after, before, clock_words

# One separator, point or comma, at most two decimals; `.5` is read as 0.5. Nothing else is guessed.
_MM = re.compile(r"\d{0,2}[.,]\d{1,2}|\d{1,2}", re.ASCII)
_MONTHS = {name: n for n, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1)}
_MOST_PASSES = 50


class Millimetres(forms.CharField):
    """A needle depth above 0 and at most *ceiling* mm. source: who says so."""

    def __init__(self, *, label: str, ceiling: Decimal, source: str = "", **kwargs):
        super().__init__(label=label, required=False, strip=True, **kwargs)
        self.ceiling, self.source = ceiling, source

    def clean(self, value):
        text = super().clean(value).removesuffix("mm").strip()
        if not text:
            return None
        if re.fullmatch(r"[-\u2212]\s*\d+([.,]\d+)?", text, re.ASCII):
            raise forms.ValidationError(gettext("%(self)s must be more than 0 mm") % {"self": self.label})
        if re.fullmatch(r"\d{0,2}[.,]\d{3,}", text, re.ASCII):
            raise forms.ValidationError(gettext("%(self)s must have two decimals or fewer, such as 1.25") % {"self": self.label})
        if not _MM.fullmatch(text):
            raise forms.ValidationError(gettext("%(self)s must be a number such as 1.25") % {"self": self.label})
        depth = Decimal("0" + text.replace(",", "."))
        if depth <= 0:
            raise forms.ValidationError(gettext("%(self)s must be more than 0 mm") % {"self": self.label})
        if depth > self.ceiling:
            # The point is what a gloved finger misses: 12 for 1.2, 75 for 0.75.
            meant = next((depth / by for by in (10, 100) if depth >= 10 and depth / by <= self.ceiling), None)
            ask = gettext(". Did you mean %(meant)s?") % {"meant": mm(meant)} if meant else ""
            source = f": {self.source}" if self.source else ""
            raise forms.ValidationError(
                gettext("%(self)s must be %(ceiling)s or less%(source)s%(ask)s")
                % {"self": self.label, "ceiling": mm(self.ceiling), "source": source, "ask": ask}
            )
        return depth


class Passes(forms.CharField):
    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST_PASSES:
            raise forms.ValidationError(gettext("%(self)s must be a whole number, 1 or more") % {"self": self.label})
        return int(text)


class PrintedDate(forms.CharField):
    """
    A date as printed on a box: 2028-03-31, 31 Mar 2028, 31/03/2028, or a month alone, which lasts to its last day. A date whose
    day and month could be swapped is refused.
    """

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        found = read_printed_date(text)
        if found is None:
            raise forms.ValidationError(gettext("%(self)s must be a date such as 31 Mar 2028 or 2028-03") % {"self": self.label})
        return found


def read_printed_date(text: str) -> dt.date | None:
    """Return the last day *text* names, or None where it names none or could name two."""
    words = [word for word in re.split(r"[\s./-]+", text.strip().lower()) if word]
    if len(words) == 1 and re.fullmatch(r"\d{8}", words[0], re.ASCII):
        words = [words[0][:4], words[0][4:6], words[0][6:]]
    months = [_MONTHS[word[:3]] for word in words if word[:3] in _MONTHS and word.isalpha()]
    numbers = [word for word in words if word.isascii() and word.isdigit()]
    if len(months) + len(numbers) != len(words):
        return None
    years = [word for word in numbers if len(word) == 4]
    rest = [int(word) for word in numbers if len(word) != 4]
    if len(years) != 1 or len(months) > 1:
        return None
    year = int(years[0])
    if months and len(rest) <= 1:
        month, day = months[0], rest[0] if rest else None
    elif not months and len(rest) == 1:
        month, day = rest[0], None
    elif not months and len(rest) == 2:
        if words[0] == years[0]:
            month, day = rest
        elif rest[0] == rest[1] or rest[0] > 12:
            day, month = rest
        else:
            return None
    else:
        return None
    try:
        if day is not None:
            return dt.date(year, month, day)
        if not 1 <= month <= 12:
            return None
        return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)
    except ValueError:
        return None


class RecordForm(forms.Form):
    """
    All fields of one record, named as on the screen. Always bound: to what was typed, or to what the rows hold.

    terms: the protocol's endpoints and adjuvants (see sessions.services.terms). blocked: why no zone may be recorded yet, or ''.
    left_out: {zone id: reason} for zones the planner leaves out today. at_hand: the devices to choose from.
    limits: {zone id: (deepest mm today, why)} where today's answers allow less than the plan. adjuvants_out: {id: why not today}.
    tubes: checks of the patient's own blood.
    """

    def __init__(
        self,
        data,
        *,
        session: TreatmentSession,
        terms,
        at_hand: list[Resource],
        blocked: str = "",
        left_out: dict[str, str] | None = None,
        limits: dict[str, tuple[Decimal, str]] | None = None,
        adjuvants_out: dict[str, str] | None = None,
        tubes: list | None = None,
    ):
        super().__init__(data, auto_id="f-%s")
        self.session, self.terms, self.devices = session, terms, at_hand
        self.blocked, self.left_out = blocked, left_out or {}
        self.limits, self.adjuvants_out = limits or {}, adjuvants_out or {}
        self.tubes = tubes or []
        self._ready: str | None = None
        self.asked: dict[str, Decimal] = {}  # zones whose depth is asked again, with that depth
        self.zones = list(session.zones.all())
        self.day = session.day
        self.known = {used.place: used for used in session.used_lots.all()}
        self.uses: dict = {}  # what can be kept of the lots, by place
        # What was done on an earlier day is not held back by what its operator may do.
        self.most = {} if session.is_late else most_by_zone(session.clinician, session.plan, on=self.day)
        text = {"required": False, "strip": True}
        self.fields["identity_checked"] = forms.BooleanField(label=gettext("Name and birth date checked"), required=False)
        self.fields["skin_checked"] = forms.BooleanField(
            label=gettext("Skin looked at that day") if session.is_late else gettext("Skin looked at today"), required=False
        )
        self.fields["consent_reason"] = forms.CharField(label=gettext("Why the older text holds today"), max_length=300, **text)
        if session.is_late:
            self.fields["late_said"] = forms.CharField(label=gettext("What is known about what was not in order"), max_length=500, **text)
        self.fields["gap_reason"] = forms.CharField(label=gettext("Reason for the shorter gap"), max_length=300, **text)
        self.fields["device"] = forms.ChoiceField(
            label=gettext("Device"),
            required=False,
            choices=[("", gettext("Choose a device")), *((str(row.pk), row.name) for row in at_hand)],
        )
        self.fields["device_reason"] = forms.CharField(label=gettext("Why this device was used all the same"), max_length=300, **text)
        for place, which in zip(rule.CARTRIDGES, ("", gettext("second"), gettext("third")), strict=True):
            self._add_cartridge(place, which)
        self.fields["numbing"] = forms.CharField(label=gettext("Numbing product"), max_length=120, **text)
        self.fields["numbing_lot"] = forms.CharField(label=gettext("Lot of the numbing"), max_length=LONGEST_CODE, **text)
        self.fields["numbing_after"] = forms.CharField(label=gettext("What was done about the numbing's lot"), max_length=300, **text)
        self.fields["numbing_on"] = ClockTime(label=gettext("Numbing on"))
        self.fields["numbing_off"] = ClockTime(label=gettext("Numbing off"))
        for adjuvant in terms.adjuvants:
            self.fields[f"adj-{adjuvant.id}-used"] = forms.BooleanField(
                label=gettext("%(adjuvant)s used") % {"adjuvant": adjuvant.label}, required=False
            )
            self.fields[f"adj-{adjuvant.id}-product"] = forms.CharField(
                label=gettext("%(adjuvant)s: product") % {"adjuvant": adjuvant.label}, max_length=120, **text
            )
            self.fields[f"adj-{adjuvant.id}-lot"] = forms.CharField(
                label=gettext("%(adjuvant)s: lot") % {"adjuvant": adjuvant.label}, max_length=LONGEST_CODE, **text
            )
            self.fields[f"adj-{adjuvant.id}-reason"] = forms.CharField(
                label=gettext("%(adjuvant)s: why") % {"adjuvant": adjuvant.label}, max_length=200, **text
            )
            after = gettext("%(adjuvant)s: what was done about the lot") % {"adjuvant": adjuvant.label}
            self.fields[f"adj-{adjuvant.id}-after"] = forms.CharField(label=after, max_length=300, **text)
        self.fields["reaction"] = forms.ChoiceField(
            label=gettext("Reaction"), required=False, choices=[("", gettext("Not recorded")), *TreatmentSession.Reaction.choices]
        )
        self.fields["pain"] = forms.ChoiceField(
            label=gettext("Pain"), required=False, choices=[("", gettext("Not asked")), *((str(step), str(step)) for step in range(11))]
        )
        self.fields["reaction_note"] = forms.CharField(label=gettext("What happened"), max_length=1000, **text)
        self.fields["note"] = forms.CharField(label=gettext("Note"), max_length=4000, **text)
        self.fields["started"] = ClockTime(label=gettext("Start time"))
        self.fields["ended"] = ClockTime(label=gettext("End time"))
        for zone in self.zones:
            self._add_zone(zone)
        for field in self.fields.values():
            field.error_messages |= {
                "invalid_choice": gettext("%(field)s is no longer in the list. Choose again") % {"field": field.label},
                "max_length": gettext("%(field)s must be %(getattr)s letters or fewer")
                % {"field": field.label, "getattr": getattr(field, "max_length", 0)},
            }

    def _add_cartridge(self, place: str, which: str) -> None:
        def label(words: str) -> str:
            if not which:
                return words
            whole = gettext("%(which)s %(field)s") % {"which": which, "field": f"{words[0].lower()}{words[1:]}"}
            return f"{whole[0].upper()}{whole[1:]}"

        text = {"required": False, "strip": True}
        self.fields[f"{place}_lot"] = forms.CharField(label=label(gettext("Needle lot")), max_length=LONGEST_CODE, **text)
        self.fields[f"{place}_expires_on"] = PrintedDate(label=label(gettext("Use-by date")), max_length=30, **text)
        self.fields[f"{place}_product"] = forms.CharField(label=label(gettext("Needle product")), max_length=120, **text)
        self.fields[f"{place}_new"] = forms.BooleanField(label=label(gettext("New from its pack")), required=False)
        self.fields[f"{place}_after"] = forms.CharField(label=label(gettext("What was done about the lot")), max_length=300, **text)

    def _add_zone(self, zone: SessionZone) -> None:
        name, label = f"z{zone.pk}", zone.zone_label
        endpoints = [("", gettext("Choose the endpoint")), *((words, words[:1].upper() + words[1:]) for words in self.terms.endpoints)]
        self.fields[f"{name}-depth"] = Millimetres(
            label=gettext("%(label)s depth") % {"label": label},
            ceiling=zone.ceiling_mm,
            source=gettext("the most protocol %(version)s allows there") % {"version": self.session.plan.protocol_version.version},
            max_length=20,
        )
        self.fields[f"{name}-sure"] = forms.CharField(
            label=gettext("%(label)s depth is right") % {"label": label}, max_length=20, required=False, strip=True
        )
        self.fields[f"{name}-passes"] = Passes(
            label=gettext("%(label)s passes") % {"label": label}, required=False, strip=True, max_length=10
        )
        self.fields[f"{name}-endpoint"] = forms.ChoiceField(
            label=gettext("%(label)s endpoint") % {"label": label}, required=False, choices=endpoints
        )
        self.fields[f"{name}-bleeding"] = forms.ChoiceField(
            label=gettext("%(label)s bleeding") % {"label": label},
            required=False,
            choices=[("", gettext("Bleeding not recorded")), *SessionZone.Bleeding.choices],
        )
        self.fields[f"{name}-skip"] = forms.BooleanField(label=gettext("%(label)s not treated") % {"label": label}, required=False)
        self.fields[f"{name}-reason"] = forms.ChoiceField(
            label=gettext("%(label)s reason") % {"label": label},
            required=False,
            choices=[("", gettext("Choose a reason")), *SessionZone.Reason.choices],
        )
        self.fields[f"{name}-note"] = forms.CharField(
            label=gettext("%(label)s note") % {"label": label}, max_length=500, required=False, strip=True
        )

    def clean(self):
        values = super().clean()
        device = self._device()
        for zone in self.zones:
            depth = f"z{zone.pk}-depth"
            if values.get(depth) is None or values.get(f"z{zone.pk}-skip"):
                continue
            words = self._against(zone, values[depth], device)
            if words:
                self.add_error(depth, words)
        for adjuvant in self.terms.adjuvants:
            if adjuvant.id in self.adjuvants_out and values.get(f"adj-{adjuvant.id}-used"):
                self.add_error(
                    f"adj-{adjuvant.id}-used",
                    gettext("%(adjuvant)s is left out today: %(adjuvants_out)s")
                    % {"adjuvant": adjuvant.label, "adjuvants_out": self.adjuvants_out[adjuvant.id]},
                )
        self._lots()
        self._blood()
        self._times()
        return values

    def _device(self) -> Resource | None:
        chosen = self.cleaned_data.get("device")
        return next((row for row in self.devices if str(row.pk) == chosen), None)

    def _against(self, zone: SessionZone, depth: Decimal, device: Resource | None) -> str:
        """What speaks against *depth* in *zone*, or ''."""
        if self.blocked:
            return self.blocked
        if zone.zone in self.left_out:
            return gettext("%(zone)s is left out today: %(left_out)s") % {"zone": zone.zone_label, "left_out": self.left_out[zone.zone]}
        if zone.zone in self.limits and depth > self.limits[zone.zone][0]:
            return deeper_than_today(zone.zone_label, *self.limits[zone.zone])
        if device is not None:
            limit = devices.label_limit(getattr(device, "file", None))
            if limit is not None and depth > limit[0] and not self.session.is_late:
                return gettext("%(zone)s must be %(limit)s or less: %(limit_2)s") % {
                    "zone": zone.zone_label,
                    "limit": mm(limit[0]),
                    "limit_2": limit[1],
                }
            if not self.session.has_begun and (words := self._not_ready(device)):
                return words
        return self._beyond_sign_off(zone, depth) or self._far_beyond(zone, depth)

    def _not_ready(self, device: Resource) -> str:
        """Asked once a save, and only where a zone is about to be the first."""
        if self._ready is None:
            found = devices.standing(device, session=self.session)
            self._ready = "" if found.is_ready else found.mend
        return self._ready

    def _beyond_sign_off(self, zone: SessionZone, depth: Decimal) -> str:
        """Deeper than who treats is signed off for is asked again: the record takes what was done, and is then countersigned."""
        most = self.most.get(zone.zone)
        if most is None or depth <= most:
            return ""
        self.asked[zone.zone] = depth
        if self.cleaned_data.get(f"z{zone.pk}-sure") == number(depth):
            return ""
        limit = gettext("%(zone)s depth must be %(most)s or less: that is what the person treating is signed off for") % {
            "zone": zone.zone_label,
            "most": mm(most),
        }
        return gettext("%(limit)s. If %(depth)s was done, tick that it is right: once signed, the record waits for a countersignature") % {
            "limit": limit,
            "depth": mm(depth),
        }

    def _far_beyond(self, zone: SessionZone, depth: Decimal) -> str:
        """A depth of three times the plan's or more is asked again: a slipped decimal mark is what a gloved finger does."""
        planned = zone.planned_depth_mm
        if depth < 3 * planned:
            return ""
        self.asked[zone.zone] = depth
        if self.cleaned_data.get(f"z{zone.pk}-sure") == number(depth):
            return ""
        tenth = depth / 10
        meant = tenth if zone.plan_zone.min_depth_mm <= tenth <= zone.plan_zone.max_depth_mm else planned
        times = number((depth / planned).quantize(Decimal("0.1")))
        asks = gettext("%(zone)s %(depth)s is %(times)s times the plan's %(planned)s. Did you mean %(meant)s?") % {
            "zone": zone.zone_label,
            "depth": mm(depth),
            "times": times,
            "planned": mm(planned),
            "meant": mm(meant),
        }
        return gettext("%(asks)s If not, tick that %(depth)s is right") % {"asks": asks, "depth": mm(depth)}

    def _blood(self) -> None:
        """The patient's own blood is used after two people checked it, and not before."""
        for adjuvant in self.terms.adjuvants:
            use = self.uses.get(f"adj-{adjuvant.id}")
            is_blood = adjuvant.own_blood or (use is not None and use.own_blood)
            if is_blood and self.cleaned_data.get(f"adj-{adjuvant.id}-used") and tubes.pair_of(self.tubes, adjuvant.id) is None:
                self.add_error(
                    f"adj-{adjuvant.id}-used",
                    gettext("%(adjuvant)s: two people check patient against tube before it is used") % {"adjuvant": adjuvant.label},
                )

    def _lots(self) -> None:
        """What was scanned or typed becomes rows; a lot that may not be used is refused beside its field, and stays as it was typed."""
        values = self.cleaned_data
        places = [*rule.CARTRIDGES, rule.NUMBING, *(f"adj-{one.id}" for one in self.terms.adjuvants if values.get(f"adj-{one.id}-used"))]
        reader = rule.Reader(self.session, [self._typed(place) for place in places], known=self.known, on=self.day)
        for name, words in reader.faults:
            if name not in self.errors:
                self.add_error(name, words)
        self.uses = reader.uses
        for place, use in reader.uses.items():
            values[rule.field(place, "lot")] = use.number
            if place in rule.CARTRIDGES:
                values[f"{place}_product"] = use.product_name
                if f"{place}_expires_on" not in self.errors:
                    values[f"{place}_expires_on"] = use.expires_on
            elif use.product is not None:
                values["numbing" if place == rule.NUMBING else f"{place}-product"] = use.product.name
        # A use-by date says nothing without a lot that was read; it stands in the row of the record all the same.
        expires = values.get("needle_expires_on")
        if expires and expires < self.day and not self.session.is_late and "needle_expires_on" not in self.errors:
            self.add_error("needle_expires_on", gettext("Use-by date must be in the future. Take another needle"))

    def _typed(self, place: str) -> rule.Typed:
        def said(part: str):
            return self.cleaned_data.get(rule.field(place, part))

        return rule.Typed(
            place=place,
            text=said("lot") or "",
            product_name=(self.cleaned_data.get("numbing") if place == rule.NUMBING else said("product")) or "",
            expires_on=said("expires_on"),
            is_new=bool(said("new")),
            reason=said("reason") or "",
            after_block=said("after") if rule.field(place, "after") in self.data else None,
            own_blood=any(place == f"adj-{one.id}" and one.own_blood for one in self.terms.adjuvants),
        )

    def refuse(self, place: str, words: str) -> None:
        """The database refused what was read for *place*: somebody else was first."""
        self.uses.pop(place, None)
        self.add_error(rule.field(place, "lot"), words)

    def _times(self) -> None:
        """What the clock showed becomes moments: a time of the clock has no day of its own, and a treatment may run past midnight."""
        started, ended = self.cleaned_data.get("started"), self.cleaned_data.get("ended")
        on, off = self.cleaned_data.get("numbing_on"), self.cleaned_data.get("numbing_off")
        self._put("started", started)
        # Without a start that can be read there is nothing to measure from; what is empty leaves the start as it stands.
        began = self.cleaned_data.get("started") or (None if "started" in self.errors else self.session.started_at)
        self._put("ended", ended, after, began, gettext("End time must be after the start time"))
        # The numbing of a session just past midnight began the evening before.
        self._put("numbing_off", off)
        if "numbing_off" in self.errors:
            self._put("numbing_on", on)
        else:
            self._put(
                "numbing_on",
                on,
                before,
                self.cleaned_data.get("numbing_off"),
                gettext("Numbing off must be after numbing on"),
                "numbing_off",
            )

    def _put(self, name: str, clock, place=None, other: dt.datetime | None = None, message: str = "", told: str = "") -> None:
        if clock is None:
            return
        zone = self.session.site.zone
        try:
            moment = place(clock, other, self.day, zone) if other else clock.on(self.day, zone)
        except forms.ValidationError as error:
            self.add_error(name, error)
            return
        if moment is None:
            # The two do not fit each other: what was typed stays as it was read for its own day, and the later one is asked about.
            self.add_error(told or name, message)
            if told:
                self._put(name, clock)
            return
        self.cleaned_data[name] = moment


def deeper_than_today(label: str, most: Decimal, why: str) -> str:
    mend = gettext("Treat it at that depth with the reason, leave it out, or make a new plan")
    return gettext("%(label)s must be %(most)s or less today: %(why)s. %(mend)s") % {
        "label": label,
        "most": mm(most),
        "why": why.rstrip("."),
        "mend": mend,
    }


def values_of(session: TreatmentSession) -> dict[str, str]:
    """The rows as the screen's fields hold them, with what could not be read as it was typed."""
    site = session.site
    values = {
        "identity_checked": _tick(session.identity_checked),
        "skin_checked": _tick(session.skin_checked),
        "consent_reason": session.consent_reason,
        "late_said": session.late_said,
        "gap_reason": session.gap_reason,
        "device": str(session.device_id or ""),
        "needle_lot": session.needle_lot,
        "needle_expires_on": f"{session.needle_expires_on:%Y-%m-%d}" if session.needle_expires_on else "",
        "numbing": session.numbing,
        **_lots_of(session),
        "numbing_on": clock_words(session.numbing_on_at, site),
        "numbing_off": clock_words(session.numbing_off_at, site),
        "device_reason": session.device_reason,
        "pain": "" if session.pain is None else str(session.pain),
        "reaction": session.reaction,
        "reaction_note": session.reaction_note,
        "note": session.note,
        "started": clock_words(session.started_at, site),
        "ended": clock_words(session.ended_at, site),
    }
    for row in session.adjuvants:
        values[f"adj-{row['id']}-used"] = _tick(row.get("used", True))
        values[f"adj-{row['id']}-product"] = row.get("product", "")
        values[f"adj-{row['id']}-lot"] = row.get("lot", "")
        values[f"adj-{row['id']}-reason"] = row.get("reason", "")
    for zone in session.zones.all():
        values |= {
            f"z{zone.pk}-depth": "" if zone.done_depth_mm is None else number(zone.done_depth_mm),
            f"z{zone.pk}-passes": "" if zone.passes is None else str(zone.passes),
            f"z{zone.pk}-sure": "" if zone.confirmed_mm is None else number(zone.confirmed_mm),
            f"z{zone.pk}-endpoint": zone.endpoint,
            f"z{zone.pk}-bleeding": zone.bleeding,
            f"z{zone.pk}-skip": _tick(zone.state == zone.State.NOT_TREATED),
            f"z{zone.pk}-reason": zone.reason,
            f"z{zone.pk}-note": zone.note,
        }
    return values | session.unread


def _lots_of(session: TreatmentSession) -> dict[str, str]:
    """What the fields of the lots hold beyond what the record's own columns do."""
    values = {}
    for used in session.used_lots.all():
        values[rule.field(used.place, "lot")] = used.number
        values[rule.field(used.place, "after")] = used.after_block
        if used.place in rule.CARTRIDGES:
            values[f"{used.place}_expires_on"] = f"{used.expires_on:%Y-%m-%d}" if used.expires_on else ""
            values[f"{used.place}_product"] = used.product_name
            values[f"{used.place}_new"] = _tick(used.is_new)
        elif used.place != rule.NUMBING:
            values[f"{used.place}-reason"] = used.reason or values.get(f"{used.place}-reason", "")
    return values


def _tick(value: bool) -> str:
    return "on" if value else ""
