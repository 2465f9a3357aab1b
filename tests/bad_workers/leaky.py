"""A worker that keeps what it read of the first patient for all who come after, as a careless cache would."""

from dataclasses import replace

from celery.signals import worker_process_init

from microneedle_clinic.celery import app

__all__ = ["app"]


@worker_process_init.connect
def leak(**kwargs) -> None:
    from aftercare.services import making

    whole, first = making.content_of, []

    def content_of(sheet):
        content = whole(sheet)
        first.append(content)
        return replace(content, foot=first[0].foot)

    making.content_of = content_of
