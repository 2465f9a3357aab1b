"""
Which screening answers count. Of one record the newest to each question does. Where two records are one person, an answer takes back
what was said under the other record only if it was given after the two were put together: before that nobody who asked knew of it.
Until then a yes of either counts, and a question answered differently is asked again.
"""

import datetime as dt
from collections.abc import Iterable

from django.db.models import F

from .lists import LIST_PREFIX, Said
from .models import ScreeningAnswer


def with_merge(rows):
    """*rows*, a query set of answers, as `standing` reads them: the newest first, each with when its record was merged away."""
    return rows.annotate(merged_at=F("patient__merged_at")).order_by("-pk")


def standing(rows: Iterable[ScreeningAnswer]) -> dict[str, list[ScreeningAnswer]]:
    """{question: the answers that count, newest first} out of the answers of one person, the newest first (see `with_merge`)."""
    found: dict[str, list[ScreeningAnswer]] = {}
    for row in rows:
        newer = found.setdefault(row.question, [])
        if not any(_takes_back(one, row) for one in newer):
            newer.append(row)
    return found


def _takes_back(newer: ScreeningAnswer, older: ScreeningAnswer) -> bool:
    if newer.patient_id == older.patient_id:
        return True
    merged = [at for at in (newer.merged_at, older.merged_at) if at is not None]
    return all(newer.answered_at >= at for at in merged)


def rules_of(answers: dict[str, list[ScreeningAnswer]]) -> dict[str, dict]:
    """
    {rule: answer} as the case format has it. A "no" stands as {"answer": False} for every rule its question covered; a rule that no
    question was asked about is absent, which the planner reads as not asked. A yes of any answer that counts wins.
    """
    screening: dict[str, dict] = {}
    for rows in answers.values():
        found: dict[str, dict] = {}
        for row in rows:
            for rule, answer in row.rules.items():
                said = answer if isinstance(answer, dict) else {"answer": bool(answer)}
                if rule not in found or (said.get("answer") is True and found[rule].get("answer") is not True):
                    found[rule] = said
        for rule, said in found.items():
            screening.setdefault(rule, said)
    return screening


def last_said(answers: dict[str, list[ScreeningAnswer]]) -> dict[str, Said]:
    """
    {question: (when, yes or no)}, without questions that were answered differently under two records: they are asked again. A list
    that was said to have changed under either has changed.
    """
    said: dict[str, tuple[dt.datetime, bool]] = {}
    for question, rows in answers.items():
        if len({row.answer for row in rows}) == 1:
            said[question] = (max(row.answered_at for row in rows), rows[0].answer)
        elif question.startswith(LIST_PREFIX):
            said[question] = next((row.answered_at, True) for row in rows if row.answer)
    return said
