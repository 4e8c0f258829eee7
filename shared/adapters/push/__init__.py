"""Push messages: one contract, `send(message, token, to)`, over Google's and Apple's services."""

from functools import lru_cache

from shared.adapters.circuit_breaker import Breaker
from shared.adapters.push.apns import Apns, ApnsApp
from shared.adapters.push.fcm import Fcm, FcmProject
from shared.adapters.push.message import DeviceGone, PushMessage, PushRejected, PushUnavailable

LEFT_ALONE = "left alone"  # the reason where the circuit is open and nobody was asked
__all__ = [
    "LEFT_ALONE",
    "ApnsApp",
    "DeviceGone",
    "FcmProject",
    "PushMessage",
    "PushRejected",
    "PushUnavailable",
    "send",
]


def send(message: PushMessage, token: str, to: FcmProject | ApnsApp | None = None) -> None:
    """Send to one device through a tenant's own project or app, normally the platform's Firebase project.

    DeviceGone: forget the token. PushRejected: never again. PushUnavailable: again after its `retry_after`
    seconds.
    """
    account = to or FcmProject.from_settings()
    with circuit_of(account).call(lambda wait: PushUnavailable(LEFT_ALONE, wait)):
        sender_of(account).send(message, token)


def circuit_of(to: FcmProject | ApnsApp) -> Breaker:
    if isinstance(to, FcmProject):
        return Breaker("fcm", to.endpoint, to.project_id, to.client_email, to.private_key)
    return Breaker("apns", to.endpoint, to.team_id, to.key_id, to.key, to.topic)


@lru_cache(maxsize=256)
def sender_of(to: FcmProject | ApnsApp) -> Fcm | Apns:
    return Fcm(to) if isinstance(to, FcmProject) else Apns(to)
