"""A column for what the search reads."""

from django.db import models


class SearchKeyField(models.CharField):
    """
    Compared and ordered byte by byte on both engines, so that a range of an ordinary index is a prefix search. PostgreSQL
    would otherwise use the database's language rules, which ignore spaces and case and need a second index.
    """

    def db_parameters(self, connection):
        parameters = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters
