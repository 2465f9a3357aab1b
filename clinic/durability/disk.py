"""Is there room: where the clinic's data lie and where its backups go."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Room:
    """what: in words. free and total: bytes. device: of the file system, to see what lies together."""

    what: str
    free: int
    total: int
    device: int

    @property
    def is_low(self) -> bool:
        return self.free < settings.DISK_WARN_MB * MB

    @property
    def words(self) -> str:
        return _("%(free)s free of %(total)s for %(what)s") % {"free": size(self.free), "total": size(self.total), "what": self.what}


def size(count: int) -> str:
    """Bytes as people say them: "6.9 MB", "212 GB"."""
    for unit, bytes_ in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= bytes_:
            value = count / bytes_
            return f"{value:.0f} {unit}" if value >= 20 else f"{value:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def rooms() -> list[Room]:
    """The data folder, the storage and the backup folder; those on one file system once."""
    found: dict[int, Room] = {}
    named = ((_("the clinic's data"), settings.CLINIC_DATA), (_("files"), settings.MEDIA_ROOT), (_("backups"), settings.BACKUP_DIR))
    for what, path in named:
        place = _there(Path(path))
        try:
            device, usage = os.stat(place).st_dev, shutil.disk_usage(place)
        except OSError:
            continue
        if device not in found:
            found[device] = Room(what, usage.free, usage.total, device)
    return list(found.values())


def _there(path: Path) -> Path:
    """The nearest folder above that is there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def backups_lie_apart() -> bool:
    """Whether the backups are on another file system than the data: a disk that fails takes both along otherwise."""
    return os.stat(_there(Path(settings.BACKUP_DIR))).st_dev != os.stat(_there(Path(settings.CLINIC_DATA))).st_dev
