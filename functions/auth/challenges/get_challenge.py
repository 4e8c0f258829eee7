"""Get the work that a call without a login costs: a challenge for altcha's widget, good for one call.

Its solution comes with that call, within ten minutes, in X-Proof-Of-Work. Of signed-in people nothing is asked.
"""

from typing import Annotated

from pydantic import Field

from shared.auth import proof_of_work
from shared.function import Context, http
from shared.kit.forwarded import client_address
from shared.schema import Schema

Name = Annotated[
    str,
    Field(pattern=r"^[a-z0-9-]{1,100}$", description="the function (operationId) that is to be called"),
]


class Work(Schema):
    """What is to be done: find a counter whose derived key begins with `keyPrefix` (altcha, version 2)."""

    algorithm: str
    nonce: str
    salt: str
    cost: int = Field(description="iterations for each try; doubled where an address calls often")
    key_length: int
    key_prefix: str
    expires_at: int = Field(description="seconds since 1970")
    data: dict[str, str | int]


class WorkChallenge(Schema):
    """Work, and our signature under it."""

    parameters: Work
    signature: str


@http.get("/api/challenges", public=True)
def get_challenge(ctx: Context, function: Name) -> WorkChallenge:
    address = client_address(ctx.request) if ctx.request else ""
    return WorkChallenge.model_validate(proof_of_work.challenge(ctx.tenant.id, function, address))
