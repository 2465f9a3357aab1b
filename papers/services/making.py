"""A paper is made once for what it says, kept to the byte, and printed again as the same bytes."""

import json

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from audit.services import record

from .. import storage
from ..content.common import CannotBeMade, Subject, calendar_at
from ..drawing import drawn
from ..models import Paper

STYLES = {"label": "papers/paper/label.css"}
STYLE = "papers/paper/paper.css"
PAGE = "papers/paper/{}.html"
STORE = gettext_lazy("The paper could not be stored. Check that the disk has room, then press again.")


def newest(subject: Subject) -> Paper | None:
    """The last version of this paper, on the paper of its site."""
    rows = Paper.objects.filter(kind=subject.kind, subject=subject.pk, variant=subject.site.paper)
    return rows.order_by("-version").first()


def digest_of(facts: dict) -> str:
    return storage.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode())


def make(subject: Subject, *, by, request=None) -> Paper:
    """
    Return the paper about *subject*: the one that was made, where it says the same, else a new version.

    Raises:
        CannotBeMade: it could not be stored. CannotPrint: it could not be drawn. Both in words for the screen.
    """
    digest, last = digest_of(subject.facts), newest(subject)
    if last is not None and last.facts_sha256 == digest:
        return last
    number, now = (last.version if last else 0) + 1, timezone.now()
    made_on = calendar_at(subject.site).long(subject.site.day_of(now))
    context = {**subject.facts, "made_on": made_on, "version": number, "labels": range(subject.facts.get("count", 0))}
    result = drawn(PAGE.format(subject.template), STYLES.get(subject.template, STYLE), context, paper=subject.site.paper)
    try:
        name = storage.write(result.data)
    except OSError as error:
        raise CannotBeMade(STORE) from error
    try:
        with transaction.atomic():
            made = Paper.objects.create(
                patient_id=subject.who.pk,
                kind=subject.kind,
                subject=subject.pk,
                version=number,
                variant=subject.site.paper,
                facts_sha256=digest,
                file=name,
                sha256=storage.sha256(result.data),
                pages=result.pages,
                made_at=now,
                made_by=by,
                **subject.rows,
            )
            detail = {"kind": made.kind, "version": number, "paper": made.variant, "pages": made.pages}
            record("paper.made", actor=by, request=request, patient=subject.who.pk, obj=made, detail=detail)
    except IntegrityError:
        storage.remove([name])
        return _made_meanwhile(subject, digest)
    except BaseException:
        storage.remove([name])
        raise
    return made


def _made_meanwhile(subject: Subject, digest: str) -> Paper:
    """Somebody pressed at the same moment: theirs counts, where it says the same."""
    last = newest(subject)
    if last is None or last.facts_sha256 != digest:
        raise CannotBeMade(gettext("Somebody else made this paper at the same moment. Press again."))
    return last


def versions(kind: str, pks) -> dict[int, int]:
    """The newest version by the row it is about: an older one is out of date."""
    rows = Paper.objects.filter(kind=kind, subject__in=list(pks)).values("subject").annotate(last=Max("version"))
    return {row["subject"]: row["last"] for row in rows}
