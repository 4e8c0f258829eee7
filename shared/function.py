"""The decorators that make a plain function a deployable one. They only read: the function stays what it was.

@http.patch("/api/listings/{listing_id}/approve", emits=[ListingApproved], raises=[ListingNotPending])
@requires("listings:approve")
def approve_listing(ctx: Context, listing_id: UUID) -> ListingOut: ...
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict, TypeVar, Unpack

from events.base import Event
from shared.auth.rbac import Permission
from shared.context import Context
from shared.errors import Problem
from shared.kit.features import Feature
from shared.kit.http import Json, Request, Response
from shared.kit.record import Access, Kind, Load, Method, Published, Record

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
# what the decorators say themselves
OWN = frozenset({"method", "path", "events", "status", "cron", "tenantless"})


class Facts(TypedDict, total=False):
    """What every function may say of itself; shared/kit/record.py says what each means."""

    emits: Sequence[type[Event]]
    raises: Sequence[type[Problem]]
    min_scale: int
    scale_on: Load
    memory: int
    timeout: int
    body_limit: int
    tags: tuple[str, ...]


class EventFacts(Facts, total=False):
    """What a function that hears events may say besides."""

    batches: bool
    outward: bool
    only: Callable[[Any], bool]


class HttpFacts(Facts, total=False):
    """What a function that people call may say besides."""

    public: bool
    internal: bool
    status: int
    feature: Feature
    tenantless: bool
    home_tenant: bool
    in_person: bool
    fresh_login: bool
    allows_api_tokens: bool
    any_query: bool
    form: bool
    any_field: bool
    exempt_from_terms: bool
    never_stored: bool
    by_secret: bool
    picture: bool
    cache: tuple[Published, ...]
    kept: bool
    versioned: bool
    among: tuple[str, ...]
    accepted_body: type[Any]
    threads: int
    proof_of_work: int


class Misdeclared(TypeError):
    """A function says something of itself that makes no sense; the message says what to write instead."""


def requires(permission: Permission) -> Callable[[F], F]:
    """Only callers whose roles hold this permission, for example `listings:approve`."""
    if not isinstance(permission, str):
        raise Misdeclared(f'{permission.__name__}: name the permission, @requires("listings:approve")')
    return marked("@requires", Access(permission=permission))


def signed_in(handler: F) -> F:
    """Anyone with a valid token."""
    return marked("@signed_in", Access(signed_in=True))(handler)


def marked(name: Literal["@requires", "@signed_in"], access: Access) -> Callable[[F], F]:
    def mark(handler: F) -> F:
        if hasattr(handler, RECORD):
            raise Misdeclared(f"{handler.__name__}: write {name} below @http, or it comes too late")
        setattr(handler, ACCESS, access)
        return handler

    return mark


class Http:
    """`@http.get(path)` and its siblings."""

    def get(self, path: str, **facts: Unpack[HttpFacts]) -> Callable[[F], F]:
        """Read; changes nothing."""
        return self.at("GET", path, facts)

    def post(self, path: str, **facts: Unpack[HttpFacts]) -> Callable[[F], F]:
        """Create, or do something; an Idempotency-Key makes it happen once."""
        return self.at("POST", path, facts)

    def put(self, path: str, **facts: Unpack[HttpFacts]) -> Callable[[F], F]:
        """Put a whole thing in place."""
        return self.at("PUT", path, facts)

    def patch(self, path: str, **facts: Unpack[HttpFacts]) -> Callable[[F], F]:
        """Change the fields that are named."""
        return self.at("PATCH", path, facts)

    def delete(self, path: str, **facts: Unpack[HttpFacts]) -> Callable[[F], F]:
        """Remove."""
        return self.at("DELETE", path, facts)

    @staticmethod
    def at(method: Method, path: str, facts: HttpFacts) -> Callable[[F], F]:
        if not isinstance(path, str):
            raise Misdeclared(f'{path.__name__}: name the address, @http.{method.lower()}("/api/listings")')

        def read(handler: F) -> F:
            said: dict[str, Any] = dict(facts)
            door = Access(public=said.pop("public", False), internal=said.pop("internal", False))
            return attach(
                handler,
                "http",
                getattr(handler, ACCESS, None) or door,
                HttpFacts,
                method=method,
                path=path,
                **said,
            )

        return read


http = Http()


def on(*events: type[Event], **facts: Unpack[EventFacts]) -> Callable[[F], F]:
    """Called by the broker for each event of these types; exactly one effect, however often it is delivered."""
    return lambda handler: attach(
        handler, "event", Access(internal=True), EventFacts, events=events, status=204, **facts
    )


def tick(cron: str, **facts: Unpack[Facts]) -> Callable[[F], F]:
    """Called by the scheduler when the cron expression is due (five fields, or six with seconds first; UTC)."""
    return lambda handler: attach(
        handler, "tick", Access(internal=True), Facts, cron=cron, status=204, tenantless=True, **facts
    )


def attach(
    handler: F,
    kind: Kind,
    access: Access,
    known: type[Any],
    *,
    emits: Sequence[type[Event]] = (),
    raises: Sequence[type[Problem]] = (),
    **facts: Any,
) -> F:
    if strange := sorted(facts.keys() - known.__annotations__.keys() - OWN):
        can = ", ".join(sorted(known.__annotations__))
        raise Misdeclared(f"{handler.__name__}: a function cannot say {', '.join(strange)}; it can say {can}")
    if hasattr(handler, RECORD):
        raise Misdeclared(
            f"{handler.__name__}: a function is called in one way, and this one has two decorators"
        )
    for name, said, of in (("emits", emits, Event), ("raises", raises, Problem)):
        if isinstance(said, type) or not all(isinstance(one, type) and issubclass(one, of) for one in said):
            raise Misdeclared(
                f"{handler.__name__}: {name} is a list of classes of {of.__name__}, not {said!r}"
            )
    setattr(handler, RECORD, Record(handler, kind, access, emits=tuple(emits), raises=tuple(raises), **facts))
    return handler


def record_of(handler: Callable[..., Any]) -> Record:
    """The record that a decorator attached."""
    record: Record = getattr(handler, RECORD)
    return record
