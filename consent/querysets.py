"""Reads of what was consented to. Rows about patients start at `visible_to(user)`."""

from django.db.models import Exists, OuterRef, Q

from patients.querysets import OfPatientQuerySet


class ConsentQuerySet(OfPatientQuerySet):
    def without_documents(self):
        """For lists: the signed text and the strokes stay in the database."""
        return self.defer("content", "strokes", "signature_svg")


class ItemQuerySet(OfPatientQuerySet):
    path = "consent__patient"

    def last_of_their_kind(self):
        """Only the newest of a person for each thing consented to: what was signed later stands in its place."""
        later = self.model._base_manager.filter(consent__patient=OuterRef("consent__patient"), kind=OuterRef("kind"), code=OuterRef("code"))
        newer = Q(signed_at__gt=OuterRef("signed_at")) | Q(signed_at=OuterRef("signed_at"), pk__gt=OuterRef("pk"))
        return self.filter(~Exists(later.filter(newer)))

    def to_look_at(self):
        """Signed on a text that is retired since, or withdrawn."""
        return self.filter(Q(text__status="retired") | Q(withdrawal__isnull=False))


class WithdrawalQuerySet(OfPatientQuerySet):
    path = "item__consent__patient"
