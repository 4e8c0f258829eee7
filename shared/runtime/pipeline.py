"""One invocation, from request to response: the only place where the order of things is written down."""

import logging
import time
from datetime import UTC, datetime
from functools import partial

from shared.auth import api_tokens, tokens
from shared.auth.tokens import NOBODY, Principal
from shared.context import Context
from shared.errors import (
    BadRequest,
    CityPreparing,
    FeatureDisabled,
    Forbidden,
    InPersonOnly,
    LoginTooOld,
    MethodNotAllowed,
    Problem,
    TokenInvalid,
    TokenRestricted,
    Unauthenticated,
    VersionOutdated,
    VersionRequired,
)
from shared.events import backlog, dead_letters
from shared.kit.cloudevents import BATCH, in_binary_mode, of_batch
from shared.kit.cloudevents import parse as parse_event
from shared.kit.forwarded import client_address, host_of
from shared.kit.http import Request, Response
from shared.kit.languages import negotiate
from shared.kit.record import Record
from shared.kit.settings import settings
from shared.peers import service_tokens
from shared.runtime import cors, freshness, health, rate_limits, terms_gate
from shared.runtime.binding import Binding, bearer
from shared.runtime.binding import limit as body_limit
from shared.runtime.idempotency import Claim, Settled, claim_event
from shared.runtime.problem_details import as_problem, error_response
from shared.telemetry import access_log, spans
from shared.telemetry.logs import about, note
from shared.telemetry.metrics import calls
from shared.telemetry.trace import Trace, current
from shared.tenancy import tenants
from shared.tenancy.tenants import PLATFORM, Tenant

FRESH_MINUTES = 15
STRICT = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"  # what is no page shows nothing
READS = frozenset({"GET", "HEAD"})
BATCH_BYTES = 4 * 1024 * 1024
log = logging.getLogger("heidi.pipeline")


class Function:
    """A loaded function: its record, its binding, and the pipeline around its handler."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.binding = Binding.of(record)
        self.labels = (record.service, record.name, record.kind)
        self.names = {"service": record.service, "function": record.name}
        self.is_read = record.kind == "http" and record.method == "GET" and not record.access.internal
        self.route = record.public_path or f"{record.kind} {record.name}"

    def __call__(self, request: Request) -> Response:
        """Answer one request; whatever goes wrong becomes an error of §16.5."""
        probe = health.answer(self.record, request) if request.method == "GET" else None
        if probe:
            return probe
        if request.method == "OPTIONS":
            return cors.preflight(request)
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
            response, problem = self.answer(request, trace)
            if self.is_read and request.method in READS:
                response = freshness.marked(self.record, request, response)
            elif self.record.versioned:
                freshness.written(self.record, response)
            if spans.are_exported():
                spans.invocation(self.record, request, response.status, trace, problem)
            access_log.call(request, self.route, response.status, started, problem)
            calls.count(self.labels, response.status, started)
            if self.record.kind == "event":
                response = dead_letters.settled(self.record, request, response)
        finally:
            about.reset(token)
            current.reset(where)
        response.headers["X-Correlation-Id"] = trace.correlation_id
        response.headers.update(request.told)
        response.headers.setdefault("Content-Security-Policy", STRICT)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        cors.mark(request, response)
        return response

    def body_limit(self, request: Request) -> int:
        """How many bytes this request's body may have."""
        return body_limit(self.record, request)

    def trace(self, request: Request) -> Trace:
        """The chain that this call belongs to: an event says so itself, whoever brings it."""
        names = ("traceparent", "x-correlation-id")
        if self.record.kind == "event" and request.header("ce-traceparent"):
            names = ("ce-traceparent", "ce-correlationid")
        traceparent, correlation = map(request.header, names)
        trace = Trace.start(traceparent, correlation, trusted=bool(traceparent) and is_platform(request))
        trace.service, trace.function = self.record.service, self.record.name
        return trace

    def answer(self, request: Request, trace: Trace) -> tuple[Response, Problem | None]:
        """The response, and what it says went wrong."""
        try:
            return self.run(request, trace), None
        except Exception as error:  # noqa: BLE001 (the outermost edge: every error gets a body)
            problem = as_problem(error)
            if isinstance(problem, VersionOutdated):
                from shared.runtime.edits import tell_who

                tell_who(problem)
            if problem.status == 500 and settings().sentry_dsn:
                from shared.telemetry.error_reports import report

                report(error, trace)
            return error_response(problem, request, trace.correlation_id, self.record.module), problem

    def run(self, request: Request, trace: Trace) -> Response:
        """Who, where, whether; then the arguments; then the transaction."""
        if self.record.kind != "http":
            check_broker(request)
        if self.record.batches and request.content_type == BATCH:
            from shared.runtime.batches import together

            return together(self, of_batch(request, BATCH_BYTES))
        if self.record.kind == "event":
            limit = self.record.body_limit or settings().max_json_bytes
            dead_letters.hold(request, limit)
            request = in_binary_mode(request, limit)
        ctx = (
            self.context(request, trace)
            if self.record.kind == "http"
            else self.internal_context(request, trace)
        )
        arguments = self.binding.read(self.record, request)
        if self.record.proof_of_work:
            self.check_work(ctx, request)
        try:
            if (
                self.record.kept
                and request.method in READS
                and freshness.is_for_everyone(self.record, request)
            ):
                from shared.runtime import kept_answers

                return kept_answers.answer(ctx, request, lambda: self.transact(ctx, request, arguments))
            return self.transact(ctx, request, arguments)
        except BaseException:
            ctx.abandon()
            raise

    def context(self, request: Request, trace: Trace) -> Context:
        """The context of a call: its caller, who may make it, and its city."""
        self.check_method(request)
        caller, tenant = self.who_and_where(request)
        if self.record.access.public and not caller.opens(self.record.name):
            caller = NOBODY  # a restricted token shows no more than no token does
        about.set(about.get() | {"tenantId": str(tenant.id)})
        if not is_platform(request):  # what is refused after this counts as any other call
            request.told = rate_limits.check(
                tenant, caller, client_address(request), picture=self.record.picture
            )
        authorise(self.record, caller, request)
        if tenant.preparing and not (caller.works_for(tenant.id) or is_platform(request)):
            raise CityPreparing
        self.check_feature(tenant)
        if self.record.needs_terms:
            terms_gate.refuse_unaccepted(tenant, caller)
        if self.record.versioned and self.record.method != "GET" and not request.header("if-match"):
            raise VersionRequired
        if not is_platform(request):
            backlog.refuse_more(self.record)
        home = tenants.find(str(caller.tenant_id)) if self.record.home_tenant else tenant
        return Context(
            self.record, home, caller, language_of(request, tenant), trace, request=request, at_hand=tenant
        )

    def who_and_where(self, request: Request) -> tuple[Principal, Tenant]:
        """The caller and the city; RateLimited for an address that is refused very often."""
        try:
            caller = NOBODY if self.is_open_door else authenticate(request)
            about.set(about.get() | identities(caller))
            return caller, self.tenant_of(request, caller)
        except (BadRequest, Unauthenticated):
            rate_limits.refused(client_address(request))
            raise

    def transact(self, ctx: Context, request: Request, arguments: dict[str, object]) -> Response:
        """Claim, handle, store, commit: all in one transaction."""
        if self.record.kind == "event" and not self.is_for_it(arguments):
            return Response(204)
        claim = Claim(ctx, request) if request.header("idempotency-key") and self.record.claims else None
        if claim or ctx.event:
            ctx.claim = claim.make if claim else partial(claim_event, ctx)
        try:
            ctx.claim()
            response = self.binding.answer(self.record.handler(ctx, **arguments), self.record.status)
        except Settled as settled:
            ctx.abandon()
            return settled.response
        if claim:
            claim.store(response)
        ctx.finish()
        return response

    def is_for_it(self, arguments: dict[str, object]) -> bool:
        """Whether an event is one of those that the function wants."""
        only = self.record.only
        return only is None or all(map(only, arguments.values()))

    @property
    def is_open_door(self) -> bool:
        """Whether callers come to get in (login, refresh): what token they may still carry does not matter."""
        return self.record.tenantless and self.record.access.public and self.record.method != "GET"

    def check_method(self, request: Request) -> None:
        """The record's method; invoked by name a POST is always right, because that is what gateways send."""
        by_name = self.binding.path_parameters(request.path) is None
        allowed = (
            {self.record.method}
            | ({"POST"} if by_name else set())
            | ({"HEAD"} if self.record.method == "GET" else set())
        )
        if request.method not in allowed:
            raise MethodNotAllowed(request.method, allowed)

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

    def check_work(self, ctx: Context, request: Request) -> None:
        """Whoever is not signed in has paid, by a proof of work; once the call makes sense, so that nobody pays
        twice for a typing error.
        """
        from shared.auth import proof_of_work

        if ctx.user.id is None and not is_platform(request):
            proof_of_work.check(self.record.name, self.record.proof_of_work, ctx.tenant.id, request)

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
            | acting(event.actor_id, event.impersonator_id)
        )
        note(event=event.type, eventId=event.id)
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
        check_platform(record, request)
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
    """Whether an API token asks for what no scope can name: what merely needs somebody to be signed in is
    theirs alone.
    """
    return caller.scopes is not None and record.access.signed_in and not record.allows_api_tokens


def identities(caller: Principal) -> dict[str, str]:
    """Who is calling, for the logs: the person, and the program or the super admin that acts in their name."""
    program = {"apiTokenId": caller.token_id} if caller.scopes is not None else {}
    return acting(str(caller.id or ""), str(caller.impersonator_id or "")) | program


def acting(user: str, impersonator: str) -> dict[str, str]:
    """In whose name something is done, and who does it where that is somebody else."""
    return {"userId": user} | ({"impersonatorId": impersonator} if impersonator else {})


def check_platform(record: Record, request: Request) -> None:
    """Functions ask each other; only the broker tells them something."""
    if record.method != "GET":
        check_broker(request)
    elif not is_platform(request):
        raise TokenInvalid


def check_broker(request: Request) -> None:
    """Only who brings events may call event functions and ticks, and what is told rather than asked."""
    if not service_tokens.is_broker(bearer(request)):
        raise TokenInvalid


def is_platform(request: Request) -> bool:
    """Whether the call comes from another part of the platform."""
    if request.of_platform is None:
        token = bearer(request)
        request.of_platform = (
            bool(token) and token not in tokens.verified and service_tokens.is_platform(token)
        )
    return request.of_platform


def due_time(request: Request) -> datetime:
    """When the tick was due: the clock says it, Knative's PingSource as its event's time; now, where nobody
    does.
    """
    try:
        due = datetime.fromisoformat(request.header("x-heidi-tick") or request.header("ce-time"))
    except ValueError:
        return datetime.now(UTC)
    return due if due.tzinfo else due.replace(tzinfo=UTC)


def language_of(request: Request, tenant: Tenant) -> str:
    """The reader's language, else the city's first."""
    wanted = request.header("accept-language")
    return negotiate(wanted, tenant.language) if wanted else tenant.language
