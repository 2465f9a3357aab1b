import pytest

from . import signed_record


@pytest.fixture
def signed(site, clinician):
    def make(**fields):
        return signed_record.signed(site, clinician, **fields)

    return make


@pytest.fixture
def queue_away(monkeypatch):
    """A broker nobody answers at, which is what most tests want: asking for a sheet must work all the same."""
    from celery import current_app

    from aftercare.services import publishing

    monkeypatch.setattr(publishing, "_away_until", 0.0)
    before = current_app.conf.broker_url
    current_app.conf.broker_url = "redis+socket:///nonexistent/broker.sock?virtual_host=0"
    yield
    current_app.conf.broker_url = before


@pytest.fixture
def storage(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"
