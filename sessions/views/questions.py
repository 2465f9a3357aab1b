"""Questions of the protocol as rows for a template, with what was typed."""

from django.utils.translation import gettext

from patients.lists import LIST_PREFIX
from plans.inputs import many, one, read
from plans.taken_for import beside


def question_rows(questions, *, answers=None, faults=None, zones=(), last=None, preset=(), medicines=()) -> list[dict]:
    """
    *answers*: what was just sent. *last*: {question: earlier answer}, left out where the reader may not see it; a yes opens with what
    it was, ready to be confirmed. *preset*: ids that open with their earlier answer, to change one. *medicines*: those that a no has to
    explain (`plans.taken_for`), left out where the reader may not see them.
    """
    typed = read(answers) if answers is not None else {}
    faults, last = faults or {}, last or {}
    rows, explained = [], beside(questions, medicines)
    for question in questions:
        earlier = last.get(question.id)
        was = earlier.rules if earlier else {}
        marked = many(typed, f"rule.{question.id}") if typed else [rule for rule, row in was.items() if row.get("answer")]
        rows.append(
            {
                "id": question.id,
                "text": question.text,
                "help": question.help,
                "last": earlier,
                "answer": one(typed, f"q.{question.id}") if typed or question.id not in preset else _yes_or_no(earlier),
                "fault": faults.get(f"q.{question.id}", ""),
                "covers": [_cover(question, cover, typed, was.get(cover.rule) or {}, marked, faults) for cover in question.covers],
                "zones": zones,
                "medicines": [
                    {
                        "field": item.field,
                        "name": item.name,
                        "told": one(typed, item.field) if typed else item.told,
                        "fault": faults.get(item.field, ""),
                    }
                    for item in explained[question.id]
                ],
            }
        )
    return rows


def list_rows(lists, *, answers=None, faults=None) -> list[dict]:
    """Whether a list of the file changed."""
    faults = faults or {}
    return [
        {
            "id": row.id,
            "name": LIST_PREFIX + row.id,
            "text": row.question.text,
            "why": row.why,
            "answer": (answers.get(LIST_PREFIX + row.id, "") if answers is not None else ""),
            "fault": faults.get(LIST_PREFIX + row.id, ""),
        }
        for row in lists
    ]


def _yes_or_no(answer) -> str:
    return "" if answer is None else "yes" if answer.answer else "no"


def _cover(question, cover, typed, was, marked, faults) -> dict:
    name = f"rule.{question.id}.{cover.rule}"

    def field(part, otherwise):
        return one(typed, f"{name}.{part}") if typed else otherwise or ""

    return {
        "name": name,
        "rule": cover.rule,
        "label": cover.label,
        "only": len(question.covers) == 1,
        "marked": cover.rule in marked,
        "date_label": (cover.date_label or gettext("Date")) if cover.date_field else "",
        "date": field("date", was.get(cover.date_field or "")),
        "asks_zone": cover.zone,
        "zone": field("zone", was.get("zone")),
        "note_label": cover.note_label or "",
        "note": field("note", was.get("note")),
        "fault": faults.get(f"{name}.date", ""),
    }
