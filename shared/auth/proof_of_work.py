"""A price for writing without a name: work that the caller's machine does, no puzzle for people (BITV 2.0).

A function says from which call of an address within an hour on the price doubles with each (`proof_of_work=5`);
whoever is signed in pays nothing. `get-challenge` gives the work, altcha's widget does it, and its payload comes
in X-Proof-Of-Work. A challenge is for one function of one city, holds for ten minutes, and is good for one call;
the same call may be repeated under its Idempotency-Key. Whoever fetched many while they were cheap finds them
too cheap: a price that has doubled once meanwhile is overlooked, for neighbours behind one address.

The key that signs challenges lives in Redis alone, as what was used does: no function needs another secret.
"""

import hashlib
import secrets
import time
from typing import Any, ClassVar
from uuid import UUID

from shared.adapters import counters, redis
from shared.errors import Problem
from shared.kit.forwarded import client_address
from shared.kit.http import Request
from shared.kit.ids import PLATFORM_ID

ALGORITHM, PREFIX = "PBKDF2/SHA-256", "00"  # found by the 256th try, on average
COST = 1_000  # iterations for each try, doubled with the price; we compute one such try ourselves
MOST = 8  # doublings: 256,000 iterations, so that checking stays cheap
MINUTES, HOUR = 10, 3600
HEADER = "x-proof-of-work"
KEY = redis.key(PLATFORM_ID, "proof-of-work", "key")
LONGEST = 4096  # bytes of a payload


class ProofOfWorkRequired(Problem):
    status = 403
    message = "Without logging in, this needs a proof of work; get one at {challenge}."
    headers: ClassVar[dict[str, str]] = {"Cache-Control": "no-store"}


class ProofOfWorkInvalid(Problem):
    status = 403
    message = (
        "This proof of work is wrong, too old, too cheap or was used already; get a new one at {challenge}."
    )


def challenge(tenant_id: UUID, function: str, address: str) -> dict[str, Any]:
    """Work for one call of a function, at the price that this address pays now; as altcha's widget reads it."""
    from altcha import create_challenge

    doublings = price(tenant_id, function, address)
    made = create_challenge(
        ALGORITHM,
        COST << doublings,
        key_prefix=PREFIX,
        expires_at=int(time.time()) + MINUTES * 60,
        data={"function": function, "city": str(tenant_id), "doublings": doublings},
        hmac_secret=signing_key(),
    )
    found: dict[str, Any] = made.to_dict()
    return found


def price(tenant_id: UUID, function: str, address: str) -> int:
    """How often the price has doubled for this address."""
    said = redis.command("GET", redis.key(tenant_id, "work", "price", function, address))
    return min(MOST, int(said or 0))


def check(function: str, free: int, tenant_id: UUID, request: Request) -> None:
    """Take the proof that came with a call, and count it; ProofOfWorkRequired, ProofOfWorkInvalid."""
    where = f"/api/challenges?function={function}"
    payload, address = request.header(HEADER), client_address(request)
    if not payload:
        raise ProofOfWorkRequired(challenge=where)
    parameters = proven(payload)
    data = parameters.get("data") or {}
    due = price(tenant_id, function, address)
    is_meant = (data.get("function"), data.get("city")) == (function, str(tenant_id))
    if not is_meant or data["doublings"] + 1 < due or not is_unused(tenant_id, parameters["nonce"], request):
        raise ProofOfWorkInvalid(challenge=where)
    if counters.add(redis.key(tenant_id, "work", "count", function, address), HOUR) >= free:
        counters.add(redis.key(tenant_id, "work", "price", function, address), HOUR)


def proven(payload: str) -> dict[str, Any]:
    """The parameters of a challenge of ours that was solved; nothing of any other. What is not ours costs us a
    signature, what is not solved one try.
    """
    from altcha import verify_solution
    from altcha.v2 import Payload

    try:
        if len(payload) > LONGEST or not verify_solution(payload, signing_key()).verified:
            return {}
        found: dict[str, Any] = Payload.from_base64(payload).challenge.parameters.to_dict()
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return {}
    return found


def is_unused(tenant_id: UUID, nonce: str, request: Request) -> bool:
    """Whether this is the first call with it, or that call again."""
    said = request.header("idempotency-key") or secrets.token_hex(16)
    call = hashlib.sha256(f"{request.path} {said}".encode()).hexdigest()
    key = redis.key(tenant_id, "work", "used", nonce)
    if redis.command("SET", key, call, "NX", "EX", MINUTES * 60):
        return True
    return bool(redis.command("GET", key) == call.encode())


def signing_key() -> bytes:
    """The platform's, for as long as Redis keeps it; a new one makes what was not answered yet worthless."""
    redis.command("SET", KEY, secrets.token_hex(32), "NX")
    key: bytes = redis.command("GET", KEY)
    return key
