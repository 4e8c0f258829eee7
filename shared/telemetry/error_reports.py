"""Errors that nobody foresaw, sent where SENTRY_DSN says: Sentry, GlitchTip, or whatever else speaks their
protocol.

The SDK is loaded at the first one, in a thread of its own: no request waits for it. Nothing of a request is
sent, and nothing of what variables held, since that may be a password; messages are scrubbed.
"""

import queue
import threading
import time
from functools import lru_cache
from typing import Any, NamedTuple

from shared import __version__
from shared.kit.settings import settings
from shared.telemetry.logs import about, adopt, log
from shared.telemetry.redaction import scrub
from shared.telemetry.trace import Trace

PER_MINUTE = 10  # of one process: the tenth of a kind tells no more than the first
TAGS = ("function", "service", "tenantId", "correlationId")
KEPT = (
    "event_id",
    "timestamp",
    "platform",
    "level",
    "release",
    "environment",
    "server_name",
    "transaction",
    "tags",
    "contexts",
    "exception",
    "sdk",
    "fingerprint",
)


class Unforeseen(NamedTuple):
    """An exception, and where it happened."""

    error: BaseException
    tags: dict[str, str]
    trace: Trace


class Reporter:
    """Takes errors and sends them, a few a minute."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[Unforeseen | None] = queue.SimpleQueue()
        self.minute, self.sent = 0, 0
        adopt("sentry_sdk", "urllib3")
        self.thread = threading.Thread(target=self.work, name="reporter", daemon=True)
        self.thread.start()

    def take(self, unforeseen: Unforeseen) -> None:
        """An error to send; one too many is left to the logs."""
        minute = int(time.monotonic() // 60)
        self.sent = self.sent + 1 if minute == self.minute else 1
        self.minute = minute
        if self.sent <= PER_MINUTE:
            self.waiting.put(unforeseen)

    def stop(self) -> None:
        """Send what there is, and end; the caller decides how long it waits for `thread`."""
        self.waiting.put(None)

    def work(self) -> None:
        """Until `stop`."""
        while unforeseen := self.waiting.get():
            try:
                send(unforeseen)
            except Exception as error:  # noqa: BLE001 (whatever it is, the next one may go)
                log.warning(
                    "an error could not be reported", extra={"context": {"error": type(error).__name__}}
                )
            del unforeseen  # with its traceback it holds on to all that the request had
        if client.cache_info().currsize:
            client().flush(timeout=1)


@lru_cache(1)
def reporter() -> Reporter:
    """The reporter of this process, started at the first error."""
    return Reporter()


def report(error: Exception, trace: Trace) -> None:
    """Report an error of the invocation that is running, where somebody wants to know."""
    if settings().sentry_dsn:
        tags = about.get()
        reporter().take(Unforeseen(error, {name: tags[name] for name in TAGS if name in tags}, trace))


@lru_cache(1)
def client() -> Any:
    """Sentry's client, which looks at nothing by itself."""
    import sentry_sdk

    dsn = settings().sentry_dsn
    return sentry_sdk.Client(
        dsn=dsn.get_secret_value() if dsn else None,
        release=f"heidi@{__version__}",
        environment=settings().environment,
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        before_send=clean,
    )


def send(unforeseen: Unforeseen) -> None:
    """Hand one error to Sentry's client, which has a thread and a bounded queue of its own."""
    from sentry_sdk.utils import event_from_exception

    trace = unforeseen.trace
    event, hint = event_from_exception(
        unforeseen.error, client_options=client().options, mechanism={"type": "heidi", "handled": False}
    )
    where = {"trace_id": trace.trace_id, "span_id": trace.span_id, "parent_span_id": trace.parent_id or None}
    client().capture_event(
        event | {"tags": unforeseen.tags, "transaction": trace.function, "contexts": {"trace": where}}, hint
    )


def clean(event: Any, _hint: Any) -> Any:
    """What may leave: no variables, no request, no person, and messages without what must not be read."""
    kept = {name: event[name] for name in KEPT if name in event}
    for each in kept.get("exception", {}).get("values", ()):
        each["value"] = scrub(str(each.get("value") or ""))[:1000]
        for frame in (each.get("stacktrace") or {}).get("frames", ()):
            frame.pop("vars", None)
    return kept
