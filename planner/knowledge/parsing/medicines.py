"""Medicines by class and name, and how the names people type are read."""

from planner.reading import Reader

from .. import entries as e
from .entry import EntryReader


class MedicineReader(EntryReader):
    """Reads the classes, names and matching of `medicines`."""

    def medicine_class(self, r: Reader) -> e.MedicineClass:
        asks = r.words("asks")
        if asks and not r.flag("asks_unless_yes"):
            r.fault("asks_unless_yes", "must be true where asks is given")
        return e.MedicineClass(r.text("id"), r.text("label"), r.words("leads_to", required=True), asks, r.text("note", default=""))

    def medicine(self, r: Reader) -> e.Medicine:
        return e.Medicine(r.text("ingredient"), r.words("names", required=True), r.words("classes", required=True), r.flag("unverified"))

    def matching(self, r: Reader) -> e.Matching:
        r.ignore("rule_text", "ambiguous_text", "no_match_text", "form_decides_text")
        r.choice("no_stop_date", ("still_taken",))
        topical, systemic = r.entry(
            "form_words", lambda f: (f.words("topical", required=True), f.words("systemic", required=True)), required=True
        ) or ((), ())
        forms = r.entries(
            "form_decides",
            lambda f: e.FormRule(
                f.text("ingredient"),
                f.words("topical", required=True),
                f.words("systemic", required=True),
                f.choice("without_form", ("topical", "systemic", "ask")) or "ask",
            ),
            required=True,
        )
        frequencies = r.entries("frequency_per_day", lambda f: (f.words("words", required=True), f.whole("times", least=1) or 1))
        return e.Matching(
            ambiguous=r.words("ambiguous", required=True),
            units=r.words("units", required=True),
            topical_words=topical,
            systemic_words=systemic,
            forms={form.ingredient: form for form in forms},
            frequencies=frequencies,
            separators=r.words("separators", required=True),
            noise=r.words("noise", required=True),
            denied=r.words("denied"),
            stems=r.words("stems"),
        )
