"""A zip file that depends on nothing but its content."""

from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
UNIX, MODE = 3, 0o100644 << 16  # written the same on every system


def pack(files: Mapping[str, bytes]) -> bytes:
    """All files, sorted by path, uncompressed: what deflate writes differs between versions of zlib."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as archive:
        for path in sorted(files):
            entry = ZipInfo(path, EPOCH)
            entry.create_system, entry.external_attr = UNIX, MODE
            archive.writestr(entry, files[path])
    return out.getvalue()
