"""One row for each request that reads or tries to change something of a patient, whatever its view remembered to say."""

import logging

from django.db import DatabaseError

from .requests import answering
from .services import append

log = logging.getLogger(__name__)


class AuditMiddleware:
    """
    Last in the list, so that its `process_view` is reached only where nobody before it answered instead of the view, and the
    row is written before the answer leaves: what cannot be accounted for is not shown.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with answering(request) as kept:
            request.audit_log = kept
            response = self.get_response(request)
            rows = kept.rows(response.status_code)
            try:
                append(rows)
            except DatabaseError as error:
                if response.status_code < 500:
                    raise
                # The fault page shows nothing, and the database may be what is broken.
                log.error("A request that failed left no audit row: %s", type(error).__name__)
            return response

    def process_view(self, request, view, args, kwargs):
        request.audit_log.reached = True
