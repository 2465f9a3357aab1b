"""What the tests of the chain share: rows to seal, and the words of the command."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from audit.chain.sealing import Sealer
from audit.models import AuditEvent
from audit.services import record

ROOT = Path(__file__).resolve().parent.parent.parent
both = [pytest.mark.django_db, pytest.mark.both_engines]
committed = [pytest.mark.django_db(transaction=True), pytest.mark.both_engines]
GUARDS = ("audit_auditevent_locked", "audit_auditseal_locked")


def marked(marks):
    def put(test):
        for mark in marks:
            test = mark(test)
        return test

    return put


def write(count: int = 1) -> list[AuditEvent]:
    return [record("patient.viewed", patient=number, detail={"fields": ["phone"]}) for number in range(1, count + 1)]


def seal() -> int:
    return Sealer().all()


def verify_in_words(*arguments) -> tuple[int, str]:
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", *arguments, stdout=said, stderr=said)
    return ended.value.code, said.getvalue()
