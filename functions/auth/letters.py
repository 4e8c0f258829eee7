"""The mails of this service: links that lead to our own address, and a brake on what somebody can have sent to others.

They go to the account's address, not to its person's preferences: what is done to an account is said in any case.
"""

from events.notification import NotificationRequested
from functions.auth.sessions.throttle import TooManyAttempts, fingerprint
from shared import cache
from shared.context import Context
from shared.forwarded import client_address
from shared.ids import new_id

HOUR, TO_ONE_ADDRESS, BY_ONE_CALLER = 3600, 5, 100
COUNT = """local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return n"""


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


def link(ctx: Context, page: str, token: str, language: str) -> str:
    """Where a mail leads. What stands behind a # is sent by browsers to no server, and followed by no scanner."""
    return f"{ctx.settings.public_url}/{page}#token={token}&language={language}"


def may_be_sent(ctx: Context, kind: str, address: str) -> bool:
    """Whether an address can have one more mail of a kind within the hour; TooManyAttempts for a caller who asks for very many.

    Counted before anybody looks whether the address is known, so that it makes no difference.
    """
    caller = client_address(ctx.request) if ctx.request else ""
    if counted(ctx, "by", caller) > BY_ONE_CALLER:
        raise TooManyAttempts(retryAfter=HOUR)
    return counted(ctx, kind, address) <= TO_ONE_ADDRESS


def counted(ctx: Context, kind: str, whom: str) -> int:
    """How many mails this makes within the hour."""
    return int(
        cache.command("EVAL", COUNT, 1, cache.key(ctx.tenant.id, "mails", kind, fingerprint(whom)), HOUR)
    )
