"""The mails of this service, and a brake on what somebody can have sent to others.

They go to the account's address, not to its person's preferences: what is done to an account is said in any
case.
"""

from events.notification import NotificationRequested
from functions.auth.sessions.throttle import TooManyAttempts, fingerprint
from shared.adapters import counters, redis
from shared.context import Context
from shared.kit.ids import PLATFORM_ID, new_id

HOUR, TO_ONE_ADDRESS, BY_ONE_CALLER = 3600, 5, 100


def letter(ctx: Context, template: str, address: str, language: str, **values: str) -> NotificationRequested:
    """One mail to one address."""
    return NotificationRequested(
        notification_id=new_id(),
        channel="email",
        template=template,
        address=address,
        language=language,
        values={"city": ctx.tenant.name, **values},
    )


def may_be_sent(ctx: Context, kind: str, address: str) -> bool:
    """Whether an address can have one more mail of a kind within the hour; TooManyAttempts for a caller who
    asks for very many.

    Counted before anybody looks whether the address is known, so that it makes no difference.
    """
    caller = ctx.address
    if counted("by", caller) > BY_ONE_CALLER:
        raise TooManyAttempts(retryAfter=HOUR)
    return has_room(kind, address)


def has_room(kind: str, address: str, most: int = TO_ONE_ADDRESS) -> bool:
    """Whether an address can have one more mail of a kind within the hour; this one is counted."""
    return counted(kind, address) <= most


def counted(kind: str, whom: str) -> int:
    """How many mails this makes within the hour, in all cities together: a stranger has one inbox."""
    return counters.add(redis.key(PLATFORM_ID, "mails", kind, fingerprint(whom)), HOUR)
