"""Prices and papers stay as they were made, a quote as it was given: the database refuses the rest. Its answer is written once."""

from audit.guards import Guard, no_change, refuse

ANSWER = ("status", "answered_at", "answered_by_id", "said_by", "note")


def guards() -> list[Guard]:
    from .models import Paper, Price, PriceList, Quote

    quote = Quote._meta.db_table
    given = tuple(field.column for field in Quote._meta.concrete_fields if field.column not in ANSWER)
    # Only names of our own are put together here, nothing that anybody types.
    of_another = "NOT EXISTS (SELECT 1 FROM plans_treatmentplan AS p WHERE p.id = NEW.plan_id AND p.patient_id = NEW.patient_id)"
    return [
        no_change(PriceList._meta.db_table, reason="A price list is never changed: another takes its place", name="price_list_kept"),
        no_change(Price._meta.db_table, reason="A price is never changed: another list takes its place", name="price_kept"),
        no_change(quote, columns=given, reason="A quote stays as it was given", name="quote_as_given", patient="OLD.patient_id"),
        no_change(
            quote,
            when="OLD.status <> 'given'",
            columns=ANSWER,
            reason="The answer to a quote is written once",
            name="quote_answered",
            patient="OLD.patient_id",
        ),
        refuse(
            quote,
            event="INSERT",
            when=f"NEW.status <> 'given' OR {of_another}",
            reason="A quote begins as given, for a plan of its patient",
            name="quote_begins",
        ),
        no_change(Paper._meta.db_table, reason="A paper stays as it was made", name="paper_as_made", patient="OLD.patient_id"),
    ]
