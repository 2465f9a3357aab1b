"""Adjuvants and the rules by which they are proposed, offered or barred."""

from planner.reading import Reader

from .. import entries as e
from .entry import NO_SOURCE, EntryReader

# Versions from before `own_blood` know it by what it is called.
_OWN_BLOOD_WORDS = frozenset({"prp", "platelet-rich plasma"})


class AdjuvantReader(EntryReader):
    """Reads `adjuvants` and `adjuvant_rules`."""

    def adjuvant_use(self, r: Reader) -> e.AdjuvantUse:
        return e.AdjuvantUse(r.text("indication"), r.words("levels"), r.text("role"), self.source(r))

    def adjuvants(self, r: Reader) -> tuple[e.Adjuvant, ...]:
        order = iter(range(100_000))

        def read(a: Reader) -> e.Adjuvant:
            words = a.words("words", required=True)
            return e.Adjuvant(
                id=a.text("id"),
                label=a.text("label"),
                short_label=a.text("short_label"),
                place=a.choice("place", ("during", "home", "never")) or "never",
                route=a.text("route"),
                words=words,
                uses=a.entries("use", self.adjuvant_use, required=True),
                risks=a.text("risks"),
                handling=a.text("handling"),
                note=a.text("note", default="", blank=True),
                sterile_only=a.flag("sterile_only"),
                counts_as_active=a.flag("counts_as_active"),
                own_blood=a.flag("own_blood", default=not _OWN_BLOOD_WORDS.isdisjoint(word.casefold() for word in words)),
                exclude_if=a.words("exclude_if", required=True),
                exclude_phototypes=a.words("exclude_phototypes", options=e.PHOTOTYPES),
                sign_off_if=a.words("sign_off_if"),
                sign_off_if_medicine=a.words("sign_off_if_medicine"),
                sign_off=a.words("sign_off"),
                home_from_day=a.whole("home_from_day", default=None, most=365),
                prescriber_decides=a.text_or_none("prescriber_decides"),
                order=next(order),
                source=self.source(a),
            )

        return r.entries("adjuvants", read, required=True)

    def adjuvant_rules(self, r: Reader) -> e.AdjuvantRules:
        r.ignore("unanswered_text")
        if r.words("order", required=True) != ("role", "evidence", "list"):
            r.fault("order", "must be [role, evidence, list]")

        def refused(p: Reader) -> tuple[tuple[str, ...], str, e.Source]:
            p.choice("action", ("refuse",))
            p.ignore("rule")
            return p.words("words", required=True), p.text("text"), self.source(p)

        words, text, source = r.entry("refused_preparations", refused, required=True) or ((), "", NO_SOURCE)
        return e.AdjuvantRules(
            proposed_roles=r.words("proposed_roles", required=True),
            offered_roles=r.words("offered_roles", required=True),
            never_proposed_roles=r.words("never_proposed_roles", required=True),
            home_only_roles=r.words("home_only_roles", required=True),
            role_order=r.words("role_order", required=True),
            no_entry_text=r.text("no_entry_text"),
            actives_per_session=r.whole("actives_per_session", most=5) or 0,
            actives_text=r.text("actives_text"),
            unanswered_excludes=r.flag("unanswered_excludes"),
            refused_words=words,
            refused_text=text,
            refused_source=source,
            source=self.source(r),
        )
