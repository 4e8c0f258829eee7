"""Errors that nobody foresaw reach a server that speaks Sentry's protocol, and nothing of a person goes with
them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared import __version__
from shared.errors import Unavailable
from shared.telemetry import error_reports
from shared.telemetry.trace import Trace
from tests.deploy.collector import Collector, collecting
from tests.support import City
from tooling.stack.environment import entered

SECRET = "Kiesel-39"


@contextmanager
def reported() -> Iterator[Collector]:
    """A server that Sentry's SDK reports to; everything has arrived when the block has ended."""
    with collecting() as collector, entered({"SENTRY_DSN": collector.url.replace("//", "//key@") + "/7"}):
        error_reports.reporter.cache_clear()
        error_reports.client.cache_clear()
        yield collector
        if error_reports.reporter.cache_info().currsize:
            error_reports.reporter().stop()
            error_reports.reporter().thread.join(120)
            error_reports.client().close(timeout=5)
        error_reports.reporter.cache_clear()
        error_reports.client.cache_clear()


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fails(*_: object) -> None:
        password = SECRET  # noqa: F841 (what an error's frame may hold)
        raise error

    monkeypatch.setattr("shared.runtime.binding.Binding.answer", fails)


def test_an_unforeseen_error_arrives_with_its_place_and_without_anything_personal(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, ValueError(f"password={SECRET} for ada@example.org"))
    with reported() as collector:
        got = city.call(
            "list-categories",
            "editor",
            query="",
            headers={"x-correlation-id": "chain-1", "user-agent": "Phone-39"},
        )
        assert got.code == "INTERNAL_ERROR"
    [event] = collector.errors()
    [error] = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "password=[hidden] for [hidden]")
    assert error["stacktrace"]["frames"][-1]["function"] == "fails"
    assert event["tags"] == {
        "function": "list-categories",
        "service": "core",
        "tenantId": str(city.id),
        "correlationId": "chain-1",
    }
    assert (event["release"], event["environment"], event["transaction"]) == (
        f"heidi@{__version__}",
        "test",
        "list-categories",
    )
    assert len(event["contexts"]["trace"]["trace_id"]) == 32
    for personal in (
        f'"{SECRET}"',
        f"'{SECRET}'",
        "ada@example.org",
        "Phone-39",
        str(city.person("editor")),
        city.token("editor"),
    ):
        assert personal not in str(event), personal
    assert not {"request", "user", "breadcrumbs", "extra", "modules"} & event.keys()
    assert not [frame for frame in error["stacktrace"]["frames"] if "vars" in frame]


def test_what_was_foreseen_is_not_reported(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, Unavailable())
    with reported() as collector:
        assert city.call("list-categories").status == 503
    assert collector.came == []


def test_a_flood_is_cut_off(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ValueError("again"))
    monkeypatch.setattr("time.monotonic", lambda: 600.0)
    with reported() as collector:
        for _ in range(error_reports.PER_MINUTE + 5):
            error_reports.report(ValueError("again"), Trace.start())
        monkeypatch.undo()
    assert len(collector.errors()) == error_reports.PER_MINUTE


def test_a_server_that_is_away_disturbs_nobody(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ValueError("x"))
    with reported(), entered({"SENTRY_DSN": "http://key@127.0.0.1:9/7"}):
        assert city.call("list-categories").code == "INTERNAL_ERROR"
        error_reports.reporter().stop()
        error_reports.reporter().thread.join(120)
        assert not error_reports.reporter().thread.is_alive()


def test_nothing_is_started_where_nobody_wants_to_know(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    error_reports.reporter.cache_clear()
    failing(monkeypatch, ValueError("x"))
    assert city.call("list-categories").code == "INTERNAL_ERROR"
    assert error_reports.reporter.cache_info().currsize == 0
