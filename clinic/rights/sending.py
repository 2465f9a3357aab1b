"""An archive is whole before its first byte goes, so that a failure is never half a file; a large one waits on the disk, without a name."""

import tempfile
from collections.abc import Iterable

from django.http import FileResponse, HttpResponse

IN_MEMORY = 16_000_000  # bytes


def whole(pieces: Iterable[bytes]) -> tuple[tempfile.SpooledTemporaryFile, int]:
    """The archive as a file that is gone once it is closed, and its size in bytes."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - it is sent, and closed after that
    try:
        for piece in pieces:
            file.write(piece)
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    return file, size


def sent(file, size: int, name: str) -> HttpResponse | FileResponse:
    if size <= IN_MEMORY:
        with file:
            response = HttpResponse(file.read(), content_type="application/zip")
    else:
        response = FileResponse(file, content_type="application/zip")
    response["Content-Length"] = str(size)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
