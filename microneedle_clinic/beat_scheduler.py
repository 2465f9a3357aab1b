"""Beat itself: Celery's, that notices when the machine's clock was put back."""

import time

from celery.beat import PersistentScheduler


class Scheduler(PersistentScheduler):
    """
    Celery notes when each task is offered next and looks at nothing before that time: after the clock was put back by a day it
    offers nothing for a day. Where the clock shows less than at the last look, those times are worked out anew, and `beat.Every`
    says "now".
    """

    _looked_at = 0.0

    def tick(self, *arguments, **named):
        now = time.time()
        if now < self._looked_at:
            self._heap = None
        self._looked_at = now
        return super().tick(*arguments, **named)
