"""How long a message is worth waiting for, and when it is tried again."""

from datetime import datetime, timedelta

from events.notification import Channel

STEPS = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 1800))
AFTERWARDS = timedelta(hours=1)
PATIENCE: dict[Channel, timedelta] = {"email": timedelta(hours=72), "push": timedelta(hours=24)}
# What carries a link is worth nothing once the link has ended; functions/auth says how long each lives.
USEFUL_FOR = {
    "reset_password": timedelta(hours=1),
    "verify_email": timedelta(hours=24),
    "confirm_guest": timedelta(hours=24),
}
LEASE = timedelta(minutes=5)  # longer than any server takes for one message
KEPT = timedelta(days=7)  # so long somebody can send again what has failed


def next_try(now: datetime, attempts: int, wait: float = 0) -> datetime:
    """When to try again after so many attempts, and not before the other side wants to be asked again."""
    step = STEPS[attempts - 1] if 0 < attempts <= len(STEPS) else AFTERWARDS if attempts else timedelta()
    return now + max(step, timedelta(seconds=wait))


def end_of_use(template: str, channel: Channel, asked: datetime) -> datetime:
    """Until when a message that was asked for at a time may still go."""
    return asked + min(USEFUL_FOR.get(template, PATIENCE[channel]), PATIENCE[channel])
