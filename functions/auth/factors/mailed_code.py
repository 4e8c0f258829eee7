"""The code that is mailed for a login that was doubted: eight digits, good for ten minutes and five tries."""

import hashlib
import secrets
from uuid import UUID

from shared.adapters import redis
from shared.context import Context

DIGITS, LIFE = 8, 600


def new_code(ctx: Context, challenge_id: UUID) -> str:
    """The code that answers a challenge; the one before stops working."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    redis.command("SET", mailed(ctx, str(challenge_id)), hash_of(str(challenge_id), code), "EX", LIFE)
    return code


def hash_of(challenge_id: str, code: str) -> bytes:
    """What is kept of a code, for some minutes and five tries."""
    return (
        hashlib.sha256(f"{challenge_id} {''.join(filter(str.isdigit, code))}".encode()).hexdigest().encode()
    )


def mailed(ctx: Context, challenge_id: str) -> str:
    """Where Redis keeps the code's hash."""
    return redis.key(ctx.tenant.id, "challenge", challenge_id, "mailed")
