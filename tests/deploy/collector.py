"""A server that takes what OpenTelemetry's and Sentry's SDKs send, and reads it with the protocols' own
definitions.
"""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Collector:
    """What has come."""

    url: str = ""
    came: list[tuple[str, bytes]] = field(default_factory=list)

    def bodies(self, ending: str) -> list[bytes]:
        return [body for path, body in self.came if path.rstrip("/").endswith(ending)]

    def spans(self) -> list[dict[str, Any]]:
        """Every span, with its resource's attributes."""
        found = []
        for body in self.bodies("/v1/traces"):
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                who = attributes(group.resource.attributes)
                found += [
                    {
                        "name": s.name,
                        "kind": s.kind,
                        "trace": s.trace_id.hex(),
                        "id": s.span_id.hex(),
                        "parent": s.parent_span_id.hex(),
                        "error": s.status.code == s.status.STATUS_CODE_ERROR,
                        "seconds": (s.end_time_unix_nano - s.start_time_unix_nano) / 1e9,
                        "said": attributes(s.attributes),
                        "who": who,
                    }
                    for inner in group.scope_spans
                    for s in inner.spans
                ]
        return found

    def numbers(self) -> dict[str, Any]:
        """The metrics of the last export, by name, with their resource's attributes."""
        return {
            metric.name: (metric, attributes(group.resource.attributes))
            for group in ExportMetricsServiceRequest.FromString(
                self.bodies("/v1/metrics")[-1]
            ).resource_metrics
            for inner in group.scope_metrics
            for metric in inner.metrics
        }

    def errors(self) -> list[dict[str, Any]]:
        """The events in Sentry's envelopes: lines of JSON, a header before each item."""
        found = []
        for body in self.bodies("/envelope"):
            lines = body.split(b"\n")
            found += [
                json.loads(lines[i + 1])
                for i, line in enumerate(lines[:-1])
                if b'"type":"event"' in line.replace(b" ", b"")
            ]
        return found


def attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Listens for as long as the block lasts."""
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.came.append(
                (self.path, gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            )
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
