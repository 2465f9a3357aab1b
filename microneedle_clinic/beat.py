"""How often beat offers a task, whatever happens to the clock."""

from celery.schedules import schedstate, schedule


class Every(schedule):
    """
    Each so many seconds. Celery's own schedule waits, after the clock was put back, until it shows the moment of the last run again:
    for a day where it was a day, also through a restart. A beat that runs meanwhile: see `beat_scheduler`.
    """

    def is_due(self, last_run_at):
        if self.maybe_make_aware(last_run_at) > self.now():
            return schedstate(is_due=True, next=self.seconds)
        return super().is_due(last_run_at)
