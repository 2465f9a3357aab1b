"""
Every device wiped down, as by whoever clears the rooms: the sessions of the morning used them, and one that waits for it starts no record.

    python -m tests.browser.clean_devices        in the environment of a demo clinic
"""

import os
import sys
import uuid


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microneedle_clinic.settings")
    import django

    django.setup()
    from django.utils import timezone

    from accounts.models import User
    from sessions.devices import setup
    from sessions.models import Resource

    june = User.objects.get(username="june", is_demo=True)
    for device in Resource.objects.filter(kind=Resource.Kind.DEVICE, is_active=True).exclude(file__single_use=True).select_related("site"):
        words = {"what": "cleaned", "done_at": timezone.now(), "done_by": june.display_name, "agent": "Example wipes"}
        setup.add(device, by=june, request_key=uuid.uuid4().hex, **words)
    return 0


if __name__ == "__main__":
    sys.exit(main())
