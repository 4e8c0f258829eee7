"""Exactly one effect: idempotency keys of HTTP calls and the inbox of events, both claimed in the handler's
transaction.
"""

import hashlib
import hmac

from shared.context import Context
from shared.errors import BadRequest, IdempotencyKeyReused
from shared.kit.cipher import derived
from shared.kit.http import JSON, Request, Response

CLAIM_EVENT = """INSERT INTO inbox (tenant_id, function, source, event_id) VALUES (:tenant, :function, :source, :id)
 ON CONFLICT DO NOTHING RETURNING 1"""
CLAIM_EVENTS = """INSERT INTO inbox (tenant_id, function, source, event_id)
 SELECT :tenant, :function, e.source, e.id FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS e (source, id)
 ON CONFLICT DO NOTHING RETURNING source, event_id"""
CLAIM_KEY = """INSERT INTO idempotency (tenant_id, function, caller, key, request_hash)
 VALUES (:tenant, :function, :caller, :key, :hash) ON CONFLICT DO NOTHING RETURNING 1"""
READ_KEY = """SELECT request_hash, status, body FROM idempotency
 WHERE tenant_id = :tenant AND function = :function AND caller = :caller AND key = :key"""
STORE = """UPDATE idempotency SET status = :status, body = :body
 WHERE tenant_id = :tenant AND function = :function AND caller = :caller AND key = :key"""
FORGET = """DELETE FROM idempotency
 WHERE tenant_id = :tenant AND function = :function AND caller = :caller AND key = :key"""


def first_delivery(ctx: Context) -> bool:
    """Whether this event is new to this function; a concurrent second delivery waits here for the first to
    commit.
    """
    event = ctx.event
    return event is None or bool(
        ctx.sql.run(
            CLAIM_EVENT, tenant=str(ctx.tenant.id), function=ctx.record.name, source=event.source, id=event.id
        )
    )


class Settled(Exception):
    """Somebody has done this already, perhaps while we worked on it; what they answered."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def claim_event(ctx: Context) -> None:
    """Make the event this invocation's; Settled where it was handled before."""
    if not first_delivery(ctx):
        raise Settled(Response(204))


class Claim:
    """One Idempotency-Key on its way through a call."""

    def __init__(self, ctx: Context, request: Request) -> None:
        key = request.header("idempotency-key")
        if len(key) > 200:
            raise BadRequest(header="Idempotency-Key", problem="longer than 200 characters")
        self.ctx = ctx
        self.row = {
            "tenant": str(ctx.tenant.id),
            "function": ctx.record.name,
            "caller": str(ctx.user.id or ""),
            "key": key,
        }
        self.hash = digest(request, ctx.sql.pool.parameters["password"])

    def make(self) -> None:
        """Make the key this invocation's; Settled, with the stored response, when it has been here before."""
        if self.ctx.sql.run(CLAIM_KEY, hash=self.hash, **self.row):
            return
        stored_hash, status, body = self.ctx.sql.run(READ_KEY, **self.row)[0]
        if stored_hash != self.hash:
            raise IdempotencyKeyReused
        raise Settled(Response(status, body.encode(), headers={"Idempotency-Replayed": "true"}))

    def store(self, response: Response) -> None:
        """Keep the response in the transaction that it reports on; one that is no JSON is not kept, and frees
        its key.
        """
        if isinstance(response.body, bytes) and response.content_type == JSON:
            self.ctx.sql.queue(STORE, status=response.status, body=response.body.decode(), **self.row)
        else:
            self.ctx.sql.queue(FORGET, **self.row)


def digest(request: Request, key: str | None) -> str:
    """What tells one request from another: its address and the bytes of its body, whatever we make of them;
    a deploy that reads more into the same bytes does not turn a retry into another request.

    Nobody can try passwords on it: the key is the password of the service's own database, which whoever has a
    dump does not have, and every function does.
    """
    body = request.raw or b""
    if request.content_type == "multipart/form-data":
        body = body.replace(boundary(request), b"")  # drawn anew for each try
    where = f"{request.path}?{request.environ.get('QUERY_STRING', '')}\n"
    return hmac.new(derived(key or "", "idempotency"), where.encode() + body, hashlib.sha256).hexdigest()


def boundary(request: Request) -> bytes:
    """What stands between the parts of a form."""
    from python_multipart.multipart import parse_options_header

    return parse_options_header(request.environ["CONTENT_TYPE"])[1].get(b"boundary", b"")
