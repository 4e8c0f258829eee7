"""A login at an account at which others have guessed: the same questions whether or not the password was
right.

The challenge tells nothing. Whose it is, Redis knows, sealed, and the code that is mailed is kept there as a
hash.
"""

from uuid import UUID

from events.auth import LoginDoubted
from functions.auth.factors.doubted_owner import keep_owner
from functions.auth.factors.factor import Challenge
from functions.auth.factors.mailed_code import LIFE
from functions.auth.sessions.throttle import fingerprint
from shared.auth import signing
from shared.context import Context
from shared.kit.ids import new_id


def doubt(ctx: Context, owner: tuple[UUID, str] | None, email: str, address: str) -> Challenge:
    """Ask for a code; only where the password was right, and so is said whose it is and its hash, there is
    one that lets in.
    """
    token, id_ = signing.issue(
        "challenge",
        new_id(),
        ctx.tenant.id,
        [],
        new_id(),
        now=ctx.now.timestamp(),
        life=LIFE,
        password="",
        address=address,
        doubted=fingerprint(email),
    )
    keep_owner(ctx, id_, owner)
    ctx.emit(LoginDoubted(challenge_id=UUID(id_), user_id=owner[0] if owner else None))
    return Challenge(challenge=token, factors=["mailed_code", "totp", "recovery_code"], expires_in=LIFE)
