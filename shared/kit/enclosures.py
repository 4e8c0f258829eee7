"""What only a letter may show: a link that works is sealed in the event that asks for the letter, until the
letter is written.

So neither outbox, broker, dead letters, waiting deliveries nor backups hold what could be used. It opens only
in the letter, and for the address, that it was sealed for. LETTER_KEY is another key than that of what is
kept (shared/kit/sealing.py): who writes letters cannot open that.
"""

from events.notification import NotificationRequested
from shared.kit import cipher
from shared.kit.settings import settings


def enclosed(request: NotificationRequested, **values: str) -> NotificationRequested:
    """The same request with these values besides, readable by `opened` alone."""
    secrets = settings().letter_key.get_secret_value()
    sealed = {name: cipher.seal(secrets, value, about(request)) for name, value in values.items()}
    return request.model_copy(update={"sealed": sealed})


def opened(request: NotificationRequested) -> dict[str, str]:
    """What was enclosed; SealBroken where the key is gone, or it was sealed for another letter or address."""
    secrets = settings().letter_key.get_secret_value()
    return {name: cipher.unseal(secrets, value, about(request)) for name, value in request.sealed.items()}


def about(request: NotificationRequested) -> str:
    """Which letter to whom: what was sealed for one cannot be sent to another."""
    return f"{request.notification_id} {request.address}"
