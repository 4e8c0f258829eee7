"""The decorators that make a plain function a deployable one. They only read: the function stays what it was.

@http.patch("/api/listings/{listing_id}/approve", emits=[ListingApproved], raises=[ListingNotPending])
@requires("listings:approve")
def approve_listing(ctx: Context, listing_id: UUID) -> ListingOut: ...
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from events.base import Event
from shared.context import Context
from shared.errors import Problem
from shared.http import Json, Request, Response
from shared.record import Access, Kind, Record

__all__ = [
    "Context",
    "Json",
    "Request",
    "Response",
    "http",
    "on",
    "record_of",
    "requires",
    "signed_in",
    "tick",
]

F = TypeVar("F", bound=Callable[..., Any])
ACCESS, RECORD = "__heidi_access__", "__heidi_record__"


def requires(permission: str) -> Callable[[F], F]:
    """Only callers whose roles hold this permission, for example `listings:approve`."""
    return _mark(Access(permission=permission))


def signed_in(handler: F) -> F:
    """Anyone with a valid token."""
    return _mark(Access(signed_in=True))(handler)


def _mark(access: Access) -> Callable[[F], F]:
    def mark(handler: F) -> F:
        setattr(handler, ACCESS, access)
        return handler

    return mark


class _Http:
    """`@http.get(path)` and its siblings."""

    def __getattr__(self, method: str) -> Callable[..., Callable[[F], F]]:
        def at(path: str, *, public: bool = False, internal: bool = False, **facts: Any) -> Callable[[F], F]:
            def read(handler: F) -> F:
                access = getattr(handler, ACCESS, None) or Access(public=public, internal=internal)
                return _attach(handler, "http", access, method=method.upper(), path=path, **facts)

            return read

        return at


http = _Http()


def on(*events: type[Event], **facts: Any) -> Callable[[F], F]:
    """Called by the broker for each event of these types; exactly one effect, however often it is delivered."""
    return lambda handler: _attach(
        handler, "event", Access(internal=True), events=events, status=204, **facts
    )


def tick(cron: str, **facts: Any) -> Callable[[F], F]:
    """Called by the scheduler when the cron expression is due (five fields, or six with seconds first; UTC)."""
    return lambda handler: _attach(
        handler, "tick", Access(internal=True), cron=cron, status=204, tenantless=True, **facts
    )


def _attach(
    handler: F,
    kind: Kind,
    access: Access,
    *,
    emits: Sequence[type[Event]] = (),
    raises: Sequence[type[Problem]] = (),
    **facts: Any,
) -> F:
    setattr(handler, RECORD, Record(handler, kind, access, emits=tuple(emits), raises=tuple(raises), **facts))
    return handler


def record_of(handler: Callable[..., Any]) -> Record:
    """The record that a decorator attached."""
    record: Record = getattr(handler, RECORD)
    return record
