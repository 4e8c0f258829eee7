"""Ids of conversations that show to whom they belong, so that nothing about it has to be kept.

One that a person begins is good for this person only; one that a guest or nobody we know begins, for whoever
holds it. What somebody else's, or an invented, id would go on with begins anew.
"""

import hashlib
import os
from uuid import UUID

from shared.context import Context

RANDOM = 10  # bytes, of which six bits are the version and the variant (RFC 9562 §5.8): 74 random bits
ANYBODY = ""


def conversation(ctx: Context, said: UUID | None) -> UUID:
    """The caller's own conversation that was said; a new one where there is none."""
    mine = str(ctx.user.id) if ctx.user.id and not ctx.user.guest else ANYBODY
    if said and any(belongs(said, ctx.tenant.id, owner) for owner in {mine, ANYBODY}):
        return said
    return begin(ctx.tenant.id, mine)


def begin(tenant_id: UUID, owner: str) -> UUID:
    """An id that nobody can guess, and that belongs to `owner` in this city."""
    random = bytearray(os.urandom(RANDOM))
    random[6], random[8] = 0x80 | random[6] & 0x0F, 0x80 | random[8] & 0x3F
    return sealed(bytes(random), tenant_id, owner)


def belongs(said: UUID, tenant_id: UUID, owner: str) -> bool:
    """Whether this is what `begin` may have given to this owner."""
    return said.version == 8 and said == sealed(said.bytes[:RANDOM], tenant_id, owner)


def sealed(random: bytes, tenant_id: UUID, owner: str) -> UUID:
    """The random part, followed by what it and its owner come to."""
    whole = hashlib.sha256(random + f"{tenant_id} {owner}".encode()).digest()
    return UUID(bytes=random + whole[: 16 - RANDOM])
