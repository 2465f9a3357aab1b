"""Reads of consultations and plans. Each starts at `visible_to(user)`."""

from patients.querysets import OfPatientQuerySet

# Whole documents: what a list, a diary or a header never shows, and what costs most to read.
PLAN_DOCUMENTS = ("case", "proposal", "decisions", "adjuvants")
CONSULTATION_DOCUMENTS = ("inputs", "case", "proposal", "chosen")


class PlanQuerySet(OfPatientQuerySet):
    def without_documents(self):
        """For lists: case, proposal and decisions stay in the database until one is asked for."""
        return self.defer(*PLAN_DOCUMENTS)


class OfPlanQuerySet(OfPatientQuerySet):
    """Zones, overrides and countersignatures: visible where their plan is."""

    path = "plan__patient"


class KeptCaseQuerySet(OfPatientQuerySet):
    path = "consultation__patient"


class ConsultationQuerySet(OfPatientQuerySet):
    def without_documents(self):
        """For lists: what was typed and what the planner answered stay in the database until one is asked for."""
        return self.defer(*CONSULTATION_DOCUMENTS)
