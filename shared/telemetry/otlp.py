"""A thread that sends spans and numbers by OTLP over HTTP (OTEL_EXPORTER_OTLP_ENDPOINT): no request ever
waits for it.

OpenTelemetry's SDK is loaded when there is something to send, in this thread: a start costs nothing more.
"""

import os
import queue
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared import __version__
from shared.kit.settings import settings
from shared.telemetry.logs import adopt, log
from shared.telemetry.metrics import NAMES, Family, own, own_numbers
from shared.telemetry.trace import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

# seconds between two exports of numbers, for one of anything, to gather spans
EVERY, WITHIN, PAUSE = 30.0, 5.0, 0.2
INSTANCE = f"{socket.gethostname()}-{os.urandom(4).hex()}"
BEGAN = time.time_ns()
NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
Told = tuple[Span, ...] | None  # None: this is the end


class Exporter:
    """Takes spans, and every half minute the counters; `stop` sends what there is once more."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[Told] = queue.SimpleQueue()
        self.endpoint = (settings().otel_exporter_otlp_endpoint or "").rstrip("/")
        self.sends_numbers = settings().otel_metrics_exporter == "otlp"
        self.processor: BatchSpanProcessor | None = None
        self.numbers: Any = None
        adopt("opentelemetry", "urllib3")
        self.thread = threading.Thread(target=self.work, name="telemetry", daemon=True)
        self.thread.start()

    def take(self, spans: Iterable[Span]) -> None:
        """Spans to send."""
        self.waiting.put(tuple(spans))

    def stop(self) -> None:
        """Send everything that there is, and end; the caller decides how long it waits for `thread`."""
        self.waiting.put(None)

    def work(self) -> None:
        """Until `stop`."""
        due, ends = time.monotonic() + EVERY, False
        while not ends:
            spans, ends = self.gathered(due)
            try:
                for span in spans:
                    self.spans().on_end(as_sdk_span(span))
                if self.sends_numbers and (ends or time.monotonic() >= due):
                    due = time.monotonic() + EVERY
                    self.send_numbers()
            except Exception as error:  # noqa: BLE001 (whatever it is, the next ones may go)
                log.warning("telemetry is lost", extra={"context": {"error": type(error).__name__}})
        if self.processor:
            self.processor.shutdown()  # type: ignore[no-untyped-call]  # it sends what it still has

    def gathered(self, due: float) -> tuple[list[Span], bool]:
        """The spans of a moment, so that not every request wakes this thread, and whether this is the end."""
        try:
            told = [
                self.waiting.get(timeout=max(0.0, due - time.monotonic()) if self.sends_numbers else None)
            ]
        except queue.Empty:
            return [], False
        if told[0] is not None:
            time.sleep(PAUSE)
        while not self.waiting.empty():
            told.append(self.waiting.get())
        return [span for spans in told for span in spans or ()], None in told

    def spans(self) -> "BatchSpanProcessor":
        """OpenTelemetry's own queue for spans: bounded, what does not fit is dropped."""
        if self.processor is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.trace.export import BatchSpanProcessor

            self.processor = BatchSpanProcessor(
                OTLPSpanExporter(f"{self.endpoint}/v1/traces", timeout=WITHIN)
            )
        return self.processor

    def send_numbers(self) -> None:
        """The counters as they stand."""
        if self.numbers is None:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

            self.numbers = OTLPMetricExporter(f"{self.endpoint}/v1/metrics", timeout=WITHIN)
        self.numbers.export(as_sdk_metrics(own_numbers()))


@lru_cache(1)
def exporter() -> Exporter:
    """The exporter of this process, started at the first span, or with the server where numbers are sent."""
    return Exporter()


def start() -> None:
    """Send numbers from now on, where that is wanted."""
    if settings().otel_exporter_otlp_endpoint and settings().otel_metrics_exporter == "otlp":
        exporter()


@lru_cache(1000)
def resource(service: str, function: str) -> Any:
    """Who it is that says something."""
    from opentelemetry.sdk.resources import Resource

    where = os.environ.get("POD_NAMESPACE") or (NAMESPACE.read_text("ascii") if NAMESPACE.exists() else "")
    said = {
        "service.name": function,
        "service.namespace": "heidi",
        "service.version": __version__,
        "service.instance.id": INSTANCE,
        "heidi.service": service,
    }
    return Resource(said | ({"k8s.namespace.name": where} if where else {}))


@lru_cache(1)
def scope() -> Any:
    """The instrumentation that says it: our own."""
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    return InstrumentationScope("heidi", __version__)


def as_sdk_span(span: Span) -> Any:
    """The span as OpenTelemetry's SDK has it; always flagged as sampled, for it would drop it otherwise."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    def context(span_id: str, *, is_remote: bool) -> SpanContext:
        return SpanContext(
            int(span.trace_id, 16), int(span_id, 16), is_remote, TraceFlags(TraceFlags.SAMPLED)
        )

    error = {"error.type": span.error} if span.error else {}
    return ReadableSpan(
        span.name,
        context(span.span_id, is_remote=False),
        context(span.parent_id, is_remote=True) if span.parent_id else None,
        resource(span.service, span.function),
        {**span.attributes, **error},
        kind=SpanKind[span.kind],
        status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
        start_time=span.began,
        end_time=span.ended,
        instrumentation_scope=scope(),
    )


def as_sdk_metrics(families: Iterable[Family]) -> Any:
    """The counters as OpenTelemetry's SDK has them, by the function that they are about."""
    from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics

    by_function: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    now = time.time_ns()
    for family in families:
        samples: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
        for labels, value in family.samples:
            samples[(labels[0], labels[1]) if family.labels[:3] == NAMES else own()[:2]].append(
                (labels, value)
            )
        for who, theirs in samples.items():
            by_function[who].append(as_sdk_metric(family, theirs, now))
    return MetricsData(
        [
            ResourceMetrics(resource(*who), [ScopeMetrics(scope(), metrics, "")], "")
            for who, metrics in by_function.items()
        ]
    )


def as_sdk_metric(family: Family, samples: list[Any], now: int) -> Any:
    """One metric. Its unit is in its name, as Prometheus wants it, and so is left out here: nobody then adds
    it twice.
    """
    from opentelemetry.sdk.metrics.export import (
        AggregationTemporality,
        Gauge,
        Histogram,
        HistogramDataPoint,
        Metric,
        NumberDataPoint,
        Sum,
    )

    data: Any
    if family.kind == "histogram":
        data = Histogram(
            [
                HistogramDataPoint(
                    dict(zip(family.labels, labels, strict=True)),
                    BEGAN,
                    now,
                    int(sum(counts)),
                    total,
                    [int(n) for n in counts],
                    family.bounds,
                    float("nan"),
                    float("nan"),
                )
                for labels, (counts, total) in samples
            ],
            AggregationTemporality.CUMULATIVE,
        )
    else:
        points = [
            NumberDataPoint(dict(zip(family.labels, labels, strict=True)), BEGAN, now, value)
            for labels, value in samples
        ]
        data = (
            Gauge(points)
            if family.kind == "gauge"
            else Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)
        )
    return Metric(family.name, family.help, "", data)
