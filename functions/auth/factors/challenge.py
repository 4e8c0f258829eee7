"""The time between password and code: a signed challenge, no session. It knows of which password it came, and
is used once.
"""

from dataclasses import dataclass
from uuid import UUID

from functions.auth.factors.factor import Challenge, ChallengeOver
from functions.auth.sessions.throttle import fingerprint
from shared.adapters import counters, redis
from shared.auth import signing
from shared.context import Context
from shared.errors import TokenExpired, TokenInvalid
from shared.kit.ids import new_id

LIFE = 300  # seconds
KEPT = 1200  # longer than any challenge lives, with the minute by which clocks may differ
TRIES = 5


@dataclass(frozen=True, slots=True)
class Opened:
    """What a challenge says."""

    id: str
    tenant_id: UUID
    account_id: UUID
    password: str
    address: str
    doubted: str  # whose login: the name of their e-mail address, or nothing

    def count(self) -> None:
        """Count one try; ChallengeOver when there were too many."""
        key = redis.key(self.tenant_id, "challenge", self.id)
        if counters.add(key, KEPT) > TRIES:
            raise ChallengeOver

    def close(self) -> None:
        """Let nobody in with it from now on; ChallengeOver when somebody was."""
        if (
            redis.command(
                "SET", redis.key(self.tenant_id, "challenge", self.id, "answered"), 1, "NX", "EX", KEPT
            )
            is None
        ):
            raise ChallengeOver


def challenge(ctx: Context, account_id: UUID, password_hash: str, address: str) -> Challenge:
    """What is asked of somebody whose password was right, and from where: that address gets its attempt back,
    no other.
    """
    token, _ = signing.issue(
        "challenge",
        account_id,
        ctx.tenant.id,
        [],
        new_id(),
        now=ctx.now.timestamp(),
        life=LIFE,
        password=fingerprint(password_hash),
        address=address,
    )
    return Challenge(challenge=token, factors=["totp", "recovery_code"], expires_in=LIFE)


def opened(token: str) -> Opened:
    """The challenge, if it is ours and still good."""
    try:
        claims = signing.decode("challenge", token)
    except (TokenExpired, TokenInvalid):
        raise ChallengeOver from None
    return Opened(
        claims["jti"],
        UUID(claims["tenantId"]),
        UUID(claims["sub"]),
        claims["password"],
        claims.get("address", ""),
        claims.get("doubted", ""),
    )
