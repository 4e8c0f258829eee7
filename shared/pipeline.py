"""One invocation, from request to response: the only place where the order of things is written down."""

import logging
import time
from datetime import UTC, datetime

from shared import api_tokens, health, limits, spans, tenants, terms, tokens
from shared.binding import Binding, bearer
from shared.cloudevents import in_binary_mode
from shared.cloudevents import parse as parse_event
from shared.context import Context
from shared.errors import (
    FeatureDisabled,
    Forbidden,
    InPersonOnly,
    LoginTooOld,
    MethodNotAllowed,
    TokenInvalid,
    TokenRestricted,
    Unauthenticated,
)
from shared.forwarded import client_address, host_of
from shared.http import Request, Response
from shared.idempotency import Claim, first_delivery
from shared.inside import is_token
from shared.languages import negotiate
from shared.metrics import calls
from shared.outcome import as_problem, error_response
from shared.record import Record
from shared.settings import settings
from shared.telemetry import about
from shared.tenants import PLATFORM, Tenant
from shared.tokens import NOBODY, Principal
from shared.trace import Trace, current

FRESH_MINUTES = 15
log = logging.getLogger("heidi.pipeline")


class Function:
    """A loaded function: its record, its binding, and the pipeline around its handler."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.binding = Binding.of(record)
        self.labels = (record.service, record.name, record.kind)
        self.names = {"service": record.service, "function": record.name}

    def __call__(self, request: Request) -> Response:
        """Answer one request; whatever goes wrong becomes an error of §16.5."""
        probe = health.answer(self.record, request) if request.method == "GET" else None
        if probe:
            return probe
        started = time.perf_counter()
        trace = self.trace(request)
        token, where = (
            about.set(
                self.names
                | {"correlationId": trace.correlation_id, "traceId": trace.trace_id, "spanId": trace.span_id}
            ),
            current.set(trace),
        )
        try:
            response, error = self.answer(request, trace)
            if spans.are_exported():
                spans.invocation(self.record, request, response.status, trace, error)
        finally:
            about.reset(token)
            current.reset(where)
        response.headers["X-Correlation-Id"] = trace.correlation_id
        calls.count(self.labels, response.status, started)
        return response

    def trace(self, request: Request) -> Trace:
        """The chain that this call belongs to: an event says so itself, whoever brings it."""
        names = ("traceparent", "x-correlation-id")
        if self.record.kind == "event" and request.header("ce-traceparent"):
            names = ("ce-traceparent", "ce-correlationid")
        traceparent, correlation = map(request.header, names)
        trace = Trace.start(traceparent, correlation, trusted=bool(traceparent) and is_platform(request))
        trace.service, trace.function = self.record.service, self.record.name
        return trace

    def answer(self, request: Request, trace: Trace) -> tuple[Response, Exception | None]:
        """The response, and what went wrong."""
        try:
            return self.run(request, trace), None
        except Exception as error:  # noqa: BLE001 (the outermost edge: every error gets a body)
            problem = as_problem(error)
            if problem.status == 500 and settings().sentry_dsn:
                from shared.reporting import report

                report(error, trace)
            return error_response(problem, request, trace.correlation_id), error

    def run(self, request: Request, trace: Trace) -> Response:
        """Who, where, whether; then the arguments; then the transaction."""
        if self.record.kind != "http":
            check_broker(request)
        if self.record.kind == "event":
            request = in_binary_mode(request, self.record.body_limit or settings().max_json_bytes)
        ctx = (
            self.context(request, trace)
            if self.record.kind == "http"
            else self.internal_context(request, trace)
        )
        arguments = self.binding.read(self.record, request)
        try:
            return self.transact(ctx, request, arguments)
        except BaseException:
            ctx.abandon()
            raise

    def context(self, request: Request, trace: Trace) -> Context:
        """The context of a call: its caller, who may make it, and its city."""
        self.check_method(request)
        caller = NOBODY if self.is_open_door else authenticate(request)
        tenant = self.tenant_of(request, caller)
        if self.record.access.public and not caller.opens(self.record.name):
            caller = NOBODY  # a restricted token shows no more than no token does
        about.set(about.get() | {"tenantId": str(tenant.id), **identities(caller)})
        authorise(self.record, caller, request)
        self.check_feature(tenant)
        if not is_platform(request):
            limits.check(tenant, caller, client_address(request))
        if self.record.needs_terms:
            terms.refuse_unaccepted(tenant, caller)
        home = tenants.find(str(caller.tenant_id)) if self.record.at_home else tenant
        return Context(
            self.record, home, caller, language_of(request, tenant), trace, request=request, at_hand=tenant
        )

    def transact(self, ctx: Context, request: Request, arguments: dict[str, object]) -> Response:
        """Claim, handle, store, commit: all in one transaction."""
        if self.record.kind == "event" and not first_delivery(ctx):
            ctx.abandon()
            return Response(204)
        claim = (
            Claim(ctx, request, arguments)
            if request.header("idempotency-key") and self.record.claims
            else None
        )
        earlier = claim.earlier_response() if claim else None
        if earlier:
            ctx.abandon()
            return earlier
        response = self.binding.answer(self.record.handler(ctx, **arguments), self.record.status)
        if claim:
            claim.store(response)
        ctx.finish()
        return response

    @property
    def is_open_door(self) -> bool:
        """Whether callers come to get in (login, refresh): what token they may still carry does not matter."""
        return self.record.tenantless and self.record.access.public

    def check_method(self, request: Request) -> None:
        """The record's method; invoked by name a POST is always right, because that is what gateways send."""
        by_name = self.binding.path_parameters(request.path) is None
        allowed = (
            {self.record.method}
            | ({"POST"} if by_name else set())
            | ({"HEAD"} if self.record.method == "GET" else set())
        )
        if request.method not in allowed:
            raise MethodNotAllowed(method=request.method)

    def tenant_of(self, request: Request, caller: Principal) -> Tenant:
        """The tenant that the request is about; the platform where a function has none."""
        if self.record.tenantless:
            return PLATFORM
        return tenants.resolve(
            host_of(request),
            request.header("x-tenant-id"),
            caller.tenant_id,
            everywhere=caller.everywhere or is_platform(request),
            asker=client_address(request),
        )

    def check_feature(self, tenant: Tenant) -> None:
        """A module's functions answer only where the city has switched it on."""
        feature = self.record.feature
        if feature and feature not in tenant.features:
            raise FeatureDisabled(feature=feature)

    def internal_context(self, request: Request, trace: Trace) -> Context:
        """The context of an event or a tick, which the broker brings."""
        if self.record.kind == "tick":
            return Context(self.record, PLATFORM, trace=trace, request=request, now=due_time(request))
        event = parse_event(request)
        tenant = tenants.find(str(event.tenant_id))
        trace.follow(event.traceparent, event.correlation_id)
        about.set(
            about.get()
            | {"tenantId": str(tenant.id), "correlationId": trace.correlation_id, "traceId": trace.trace_id}
        )
        return Context(self.record, tenant, NOBODY, tenant.language, trace, event, request)


def authenticate(request: Request) -> Principal:
    """The caller: the token's person, or nobody; the platform itself is nobody either."""
    token = bearer(request)
    if not token or is_platform(request):
        return NOBODY
    is_ours = token.startswith(api_tokens.PREFIX)
    caller = api_tokens.principal(token, client_address(request)) if is_ours else tokens.principal(token)
    tokens.refuse_revoked(caller)
    return caller


def authorise(record: Record, caller: Principal, request: Request) -> None:
    """Deny unless the record allows."""
    access = record.access
    if access.public:
        return
    if access.internal:
        check_broker(request)
    elif caller.id is None:
        raise Unauthenticated
    elif access.permission and access.permission not in caller.permissions:
        raise Forbidden(permission=access.permission)
    elif not caller.opens(record.name):
        raise TokenRestricted(only=", ".join(caller.only))
    elif not caller.in_person and (record.in_person or is_beyond_scopes(record, caller)):
        raise InPersonOnly
    elif record.fresh_login and not caller.logged_in_since(time.time() - FRESH_MINUTES * 60):
        raise LoginTooOld(minutes=FRESH_MINUTES)


def is_beyond_scopes(record: Record, caller: Principal) -> bool:
    """Whether an API token asks for what no scope can name: what merely needs somebody to be signed in is theirs alone."""
    return caller.scopes is not None and record.access.signed_in and not record.any_token


def identities(caller: Principal) -> dict[str, str]:
    """Who is calling, for the logs: the person, and the program or the super admin that acts in their name."""
    acting = {"impersonatorId": str(caller.impersonator_id)} if caller.impersonator_id else {}
    program = {"apiTokenId": caller.token_id} if caller.scopes is not None else {}
    return {"userId": str(caller.id or ""), **acting, **program}


def check_broker(request: Request) -> None:
    """Only the platform itself, usually its broker, may call event functions."""
    if not is_platform(request):
        raise TokenInvalid


def is_platform(request: Request) -> bool:
    """Whether the call comes from another part of the platform."""
    return is_token(bearer(request), settings().broker_token.get_secret_value())


def due_time(request: Request) -> datetime:
    """When the tick was due: the clock says it, Knative's PingSource as its event's time; now, where nobody does."""
    try:
        due = datetime.fromisoformat(request.header("x-heidi-tick") or request.header("ce-time"))
    except ValueError:
        return datetime.now(UTC)
    return due if due.tzinfo else due.replace(tzinfo=UTC)


def language_of(request: Request, tenant: Tenant) -> str:
    """The reader's language, else the city's first."""
    wanted = request.header("accept-language")
    return negotiate(wanted, tenant.language) if wanted else tenant.language
