"""The files that a mail brings along: read from the city's bucket when the mail leaves, never before."""

from collections.abc import Sequence
from uuid import UUID

from events.notification import MessageFile
from shared.adapters import storage
from shared.adapters.mail import MailRejected
from shared.adapters.mime import Attached
from shared.adapters.storage import ObjectNotFound

MOST_BYTES, MOST_FILES = 200_000, 10


def read_files(tenant_id: UUID, files: Sequence[MessageFile]) -> list[Attached]:
    """Their content; MailRejected where one is gone or they are too large (200 kB in sum, ten files),
    StorageUnavailable where nobody can say.
    """
    if len(files) > MOST_FILES:
        raise MailRejected(reason="FILES_TOO_MANY")
    try:
        if sum(storage.stat(tenant_id, file.key).size for file in files) > MOST_BYTES:
            raise MailRejected(reason="FILES_TOO_LARGE")
        return [Attached(file.name, file.content_type, storage.get(tenant_id, file.key)) for file in files]
    except (ObjectNotFound, ValueError):
        raise MailRejected(reason="FILE_MISSING") from None
