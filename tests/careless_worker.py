"""A worker as it would be without our care, for negative controls: it forgets a message as soon as it takes it."""

from microneedle_clinic.celery import app

app.conf.task_acks_late = False
app.conf.task_reject_on_worker_lost = False
