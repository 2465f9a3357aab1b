"""The planner's own tasks: the engine alone, and the proposal that follows a change on the consultation's screen."""

import itertools
import json

from django.urls import reverse

from planner.case import Case
from planner.propose import propose
from planner.sampling import case_of
from plans.models import Consultation
from protocols.knowledge import packaged
from protocols.library import project_cases

from .measure import Result, side_by_side
from .tasks import _client

SAMPLED = 500
LEAST_A_SECOND, AIM_A_SECOND = 500, 2_000
MOST_MS = 100
LIVE_ROUNDS = 60  # fewer say nothing about one in twenty


def engine_alone(rounds: int) -> Result:
    """Every case of the project's library and generated ones, parsed before; the whole answer with its traces, on one core."""
    knowledge = packaged()
    mappings = [dict(entry.case) for entry in project_cases()] + [case_of(seed, knowledge) for seed in range(SAMPLED)]
    cases = [Case.parse(mapping) for mapping in mappings]

    def ours(n):
        for case in cases:
            propose(case, knowledge).as_mapping()

    times, _ = side_by_side(ours, None, rounds=max(3, rounds // 3), warm=1)
    rate = round(len(cases) / min(times.cpu) * 1000)
    return Result(
        "Engine alone, full traces, one core",
        times,
        at_least={"cases a second": (rate, LEAST_A_SECOND)},
        note=f"{rate:,} cases a second of processor time over {len(cases)} cases; at least {LEAST_A_SECOND}, aim {AIM_A_SECOND:,}",
    )


def live_proposal(rounds: int) -> Result:
    """One change on the consultation's screen: saved, logged, judged, and the parts that change sent back. Server time."""
    found = Consultation.objects.filter(status=Consultation.Status.OPEN).exclude(inputs={}).order_by("pk")
    consultation = max(found, key=lambda row: len(json.dumps(row.inputs)))
    client, _ = _client(consultation.clinician.username)
    address = reverse("plans:consultation", args=[consultation.patient.number, consultation.pk])
    wishes = itertools.cycle(("2", "3", "4", "5"))

    def ours(n):
        version = Consultation.objects.values_list("version", flat=True).get(pk=consultation.pk)
        sent = {**consultation.inputs, "downtime_days": next(wishes), "version": version, "saved_from": "bench"}
        answer = client.post(address, sent, HTTP_HX_REQUEST="true")
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")

    times, _ = side_by_side(ours, None, rounds=max(rounds, LIVE_ROUNDS))
    cpu, wall = (sorted(side)[int(len(side) * 0.95)] for side in (times.cpu, times.wall))
    return Result(
        "Live proposal on the consultation's screen",
        times,
        at_most={"server time, 95 of 100, ms": (round(cpu), MOST_MS)},
        note=f"95 of 100 answered within {cpu:.0f} ms of processor time, {wall:.0f} ms by the clock; less than {MOST_MS}",
    )
