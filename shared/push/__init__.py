"""Push messages: one contract, `send(message, token, to)`, over Google's and Apple's services."""

from functools import lru_cache

from shared.push.apns import Apns, ApnsApp
from shared.push.fcm import Fcm, FcmProject
from shared.push.message import DeviceGone, PushMessage, PushRejected, PushUnavailable

__all__ = ["ApnsApp", "DeviceGone", "FcmProject", "PushMessage", "PushRejected", "PushUnavailable", "send"]


def send(message: PushMessage, token: str, to: FcmProject | ApnsApp | None = None) -> None:
    """Send to one device through a tenant's own project or app, normally the platform's Firebase project.

    DeviceGone: forget the token. PushRejected: never again. PushUnavailable: again after its `retry_after` seconds.
    """
    _sender(to or FcmProject.from_settings()).send(message, token)


@lru_cache(maxsize=256)
def _sender(to: FcmProject | ApnsApp) -> Fcm | Apns:
    return Fcm(to) if isinstance(to, FcmProject) else Apns(to)
