"""
The one place where "the records of this person" is answered.

Somebody may have been registered twice. Both records stay as they are; the one that is not used any more points to the one that is
kept (`Patient.merged_into`, one step and never a chain: see `patients.merge_guards`). A row of history keeps the patient it was
written for, and is asked for through a `PersonKey`: `filter(patient=somebody)`, `somebody.allergies` and
`OuterRef("patient")` then all mean the *person*, whichever of the records is named. Whoever writes a query cannot forget it; who
means one record alone says so: `patient__pk=`.
"""

from collections.abc import Iterable
from operator import attrgetter

from django.db import models
from django.db.models.fields.related_descriptors import ReverseManyToOneDescriptor
from django.db.models.fields.related_lookups import RelatedExact
from django.db.models.functions import Coalesce
from django.utils.functional import cached_property


class OfThisPerson(RelatedExact):
    """
    `patient = X` as "of any record of the person who has the record X", in the same query. By index on both engines: X by its
    number, the others by theirs or by what they point to.

    On PostgreSQL the records come as an array: rows are then fetched by their index also where X is of an outer query, which a
    correlated IN would ask for every pair of rows.
    """

    def as_sql(self, compiler, connection):
        if not isinstance(self.lhs.output_field, models.ForeignKey):
            return super().as_sql(compiler, connection)  # from the patient's side (`bookings=X`): X is the row itself
        table = self.lhs.output_field.remote_field.model._meta.db_table
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        kept = "COALESCE(asked_for.merged_into_id, asked_for.id)"
        # Only names of our own are put together here, nothing that anybody types.
        records = (
            f"SELECT of_person.id FROM {table} asked_for JOIN {table} of_person "  # noqa: S608
            f"ON (of_person.id = {kept} OR of_person.merged_into_id = {kept}) WHERE asked_for.id = {right}"
        )
        among = f"= ANY(ARRAY({records}))" if connection.vendor == "postgresql" else f"IN ({records})"
        return f"{left} {among}", [*left_params, *right_params]


class _RowsOfThePerson(ReverseManyToOneDescriptor):
    """`somebody.allergies`; prefetched as well for the person, not for the one record."""

    @cached_property
    def related_manager_cls(self):
        class Manager(super().related_manager_cls):
            def get_prefetch_querysets(self, instances, querysets=None):
                if querysets and len(querysets) != 1:
                    raise ValueError("querysets argument of get_prefetch_querysets() should have a length of 1.")
                rows = querysets[0] if querysets else self.model._default_manager.all()
                path, cache_name = self.field.name, self.field.remote_field.cache_name
                rows = rows.filter(**{f"{path}__in": records_of({one.person_pk for one in instances})}).annotate(person=person_of(path))
                return rows, attrgetter("person"), attrgetter("person_pk"), False, cache_name, False

        return Manager


class _Plain:
    """In the migrations it is a plain key: nothing of this is in the tables."""

    def deconstruct(self):
        name, _, args, kwargs = super().deconstruct()
        return name, f"django.db.models.{self.plain}", args, kwargs


class PersonKey(_Plain, models.ForeignKey):
    """From a row of history to the patient it was written for; asked for by person."""

    plain = "ForeignKey"
    related_accessor_class = _RowsOfThePerson


class PersonOneToOneKey(_Plain, models.OneToOneField):
    """As `PersonKey`, for what a record has once."""

    plain = "OneToOneField"


PersonKey.register_lookup(OfThisPerson)
PersonOneToOneKey.register_lookup(OfThisPerson)


def person_of(path: str = "") -> Coalesce:
    """The person of a row whose patient is at *path*, as a number to sort by: the primary key of the record that is kept."""
    return Coalesce(f"{path}__merged_into" if path else "merged_into", path or "pk", output_field=models.BigIntegerField())


def records_of(people: Iterable[int]) -> models.QuerySet:
    """The primary keys of all records of *people* (see `person_of`), for lists that read many patients at once."""
    from .models import Patient

    people = set(people)
    return Patient.objects.filter(models.Q(pk__in=people) | models.Q(merged_into__in=people)).order_by().values("pk")
