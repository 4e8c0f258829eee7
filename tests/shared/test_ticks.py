"""Functions that the clock calls: by ours, by Knative's PingSource, or by hand."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.context import Context
from shared.kit.http import Request
from shared.kit.record import Access, Record
from shared.kit.settings import settings
from shared.runtime.pipeline import Function, due_time

MORNING = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
PING = {
    "ce-specversion": "1.0",
    "ce-id": "5b4c",
    "ce-source": "/apis/v1/namespaces/heidi-prod/pingsources/sweep-things",
    "ce-type": "dev.knative.sources.ping",
    "ce-time": "2026-03-01T06:30:00.000000012Z",
}


def request(headers: dict[str, str], body: bytes = b"") -> Request:
    token = {"authorization": f"Bearer {settings().broker_token.get_secret_value()}"}
    return Request(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json",
            **{"HTTP_" + name.upper().replace("-", "_"): value for name, value in (token | headers).items()},
        }
    )


@pytest.mark.parametrize(
    ("headers", "due"),
    [
        ({"x-heidi-tick": "2026-03-01T06:30:00Z"}, MORNING),
        ({"ce-time": "2026-03-01T07:30:00.123+01:00"}, MORNING + timedelta(milliseconds=123)),
        (PING, MORNING),
        (PING | {"x-heidi-tick": "2026-03-01T06:31:00Z"}, MORNING + timedelta(minutes=1)),
        ({"x-heidi-tick": "2026-03-01T06:30:00"}, MORNING),
    ],
)
def test_a_tick_is_due_when_the_clock_says(headers: dict[str, str], due: datetime) -> None:
    assert due_time(request(headers)) == due


@pytest.mark.parametrize("headers", [{}, {"x-heidi-tick": "soon"}, {"ce-time": "soon"}])
def test_a_tick_without_a_time_is_due_now(headers: dict[str, str]) -> None:
    assert abs(due_time(request(headers)) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_ping_source_is_a_tick_and_no_event() -> None:
    seen: list[Context] = []

    def note(ctx: Context) -> None:
        seen.append(ctx)

    record = Record(note, "tick", Access(internal=True), cron="* * * * *", status=204, tenantless=True)
    answer: Any = Function(record)(request(PING, b'{"body": ""}'))
    assert answer.status == 204, answer.body
    assert (seen[0].now, seen[0].event, seen[0].tenant.slug) == (MORNING, None, "platform")
