"""Whose login was doubted, as Redis keeps it: sealed by what challenges are signed with, for every function
can write there.
"""

from uuid import UUID

from functions.auth.factors.mailed_code import LIFE
from functions.auth.sessions.throttle import fingerprint
from shared.adapters import redis
from shared.auth import signing
from shared.context import Context
from shared.kit.cipher import SealBroken


def keep_owner(ctx: Context, challenge_id: str, owner: tuple[UUID, str] | None) -> None:
    """Note whose challenge it is, and the name of which password."""
    known = f"{owner[0]} {fingerprint(owner[1])}" if owner else ""
    redis.command("SET", whose(ctx, challenge_id), signing.seal(known, challenge_id), "EX", LIFE)


def owner_of(ctx: Context, challenge_id: str) -> tuple[UUID, str] | None:
    """Whose challenge it is, and the name of the password that was right; None where there is nobody who
    could answer it.
    """
    kept = redis.command("GET", whose(ctx, challenge_id)) or b""
    try:
        account, _, password = signing.unseal(kept.decode(errors="replace"), challenge_id).partition(" ")
    except SealBroken:
        return None
    return (UUID(account), password) if account else None


def whose(ctx: Context, challenge_id: str) -> str:
    """Where Redis keeps whose challenge it is."""
    return redis.key(ctx.tenant.id, "challenge", challenge_id, "whose")
