"""Push messages: one contract, `send(message, token, to)`, over Google's, Apple's and browsers' services."""

from functools import lru_cache

from shared.adapters.circuit_breaker import Breaker
from shared.adapters.push.apns import Apns, ApnsApp
from shared.adapters.push.fcm import Fcm, FcmProject
from shared.adapters.push.message import DeviceGone, PushMessage, PushRejected, PushUnavailable
from shared.adapters.push.subscription import Subscription
from shared.adapters.push.webpush import VapidKey, WebPush, origin_of

LEFT_ALONE = "left alone"  # the reason where the circuit is open and nobody was asked
__all__ = [
    "LEFT_ALONE",
    "ApnsApp",
    "DeviceGone",
    "FcmProject",
    "PushMessage",
    "PushRejected",
    "PushUnavailable",
    "VapidKey",
    "send",
]
Account = FcmProject | ApnsApp | VapidKey


def send(message: PushMessage, token: str, to: Account | None = None) -> None:
    """Send to one device through a tenant's own project, app or key, normally the platform's Firebase project.

    DeviceGone: forget the token. PushRejected: never again. PushUnavailable: again after its `retry_after`
    seconds.
    """
    account = to or FcmProject.from_settings()
    with circuit_of(account, token).call(lambda wait: PushUnavailable(LEFT_ALONE, wait)):
        sender_of(account).send(message, token)


def circuit_of(to: Account, token: str) -> Breaker:
    """Of Google, of Apple, or of whichever push service a browser has."""
    if isinstance(to, FcmProject):
        return Breaker("fcm", to.endpoint, to.project_id, to.client_email, to.private_key)
    if isinstance(to, VapidKey):
        return Breaker("webpush", service_of(token), to.private)
    return Breaker("apns", to.endpoint, to.team_id, to.key_id, to.key, to.topic)


@lru_cache(maxsize=256)
def sender_of(to: Account) -> Fcm | Apns | WebPush:
    if isinstance(to, VapidKey):
        return WebPush(to)
    return Fcm(to) if isinstance(to, FcmProject) else Apns(to)


def service_of(token: str) -> str:
    """The push service that a browser's token names; empty where it names none."""
    try:
        return origin_of(Subscription.of(token).endpoint)
    except ValueError:
        return ""
