"""One trace from a citizen's call to the mail that follows from it: over HTTP, the outbox, the broker and the
functions.
"""

import json
import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared import __version__
from shared.events import outbox
from shared.kit.http import Request
from shared.kit.settings import settings
from shared.peers import internal_calls
from shared.telemetry import otlp
from shared.telemetry.trace import Trace, is_drawn
from tests.core.factories import make_category
from tests.deploy.collector import Collector, collecting
from tests.gateway.support import answers, eventually, process
from tests.notification.people import settle_in
from tests.outlet import logger_kept
from tests.platform.fake_broker import answering
from tests.support import City, call, deliver, function, superuser
from tooling.gateway.assembly import assemble
from tooling.gateway.settings import GatewaySettings
from tooling.stack.environment import entered
from tooling.stack.ports import free_port

ASK = internal_calls.ask  # the real one, before the tests' own takes its place
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
FOREIGN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
LISTENERS = {"notify-admins-of-pending-listing": "listing.created", "send-email": "notification.requested"}


@contextmanager
def exporting(ratio: str = "1", **more: str) -> Iterator[Collector]:
    """Telemetry goes to a collector; what was told is there when `told` has been called."""
    with (
        collecting() as collector,
        entered({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "TRACE_SAMPLE_RATIO": ratio} | more),
    ):
        otlp.exporter.cache_clear()
        try:
            yield collector
        finally:
            told()


def told() -> None:
    """Everything that was told so far is at the collector."""
    if otlp.exporter.cache_info().currsize:
        exporter = otlp.exporter()
        exporter.stop()
        exporter.thread.join(120)
        assert not exporter.thread.is_alive()
        otlp.exporter.cache_clear()


@contextmanager
def stack(tmp_path: Path, worker_id: str) -> Iterator[str]:
    """A gateway with every function in this process, and the broker in one of its own."""
    broker_port, database = free_port(), f"heidi_{worker_id}_tracing_broker"
    with superuser("postgres") as connection:
        connection.run(f'DROP DATABASE IF EXISTS "{database}"')
        connection.run(f'CREATE DATABASE "{database}" OWNER heidi_owner')
    listeners = tmp_path / "triggers.json"
    listeners.write_text(
        json.dumps({"triggers": [{"name": n, "type": f"app.heidi.{t}"} for n, t in LISTENERS.items()]})
    )
    with ExitStack() as opened:
        opened.enter_context(logger_kept())
        server, made = assemble(GatewaySettings(gateway_port=0, heidi_home=tmp_path, gateway_password="p"))
        url = f"http://127.0.0.1:{server.port}"
        opened.enter_context(entered({"GATEWAY_URL": url, "BROKER_URL": f"http://127.0.0.1:{broker_port}"}))
        server.start()
        broker = opened.enter_context(
            process(
                "broker",
                BROKER_PORT=str(broker_port),
                BROKER_DATABASE=database,
                BROKER_TRIGGERS=str(listeners),
                LOG_LEVEL="ERROR",
            )
        )
        eventually(lambda: answers(f"http://127.0.0.1:{broker_port}/health/ready", broker).status_code == 200)
        try:
            yield url
        finally:
            made.close()
            assert server.stop()


def named(spans: list[dict[str, Any]], name: str) -> dict[str, Any]:
    [found] = [span for span in spans if span["name"] == name]
    return found


def test_a_listing_and_the_mail_about_it_are_one_trace(
    city: City, tmp_path: Path, worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.peers.internal_calls.ask", ASK)
    publisher = outbox.Publisher()
    monkeypatch.setattr("shared.context.publisher", lambda: publisher)
    sent: list[str] = []
    monkeypatch.setattr("shared.adapters.mail.open_session", lambda _: nullcontext())
    monkeypatch.setattr("shared.adapters.mail.Server.send", lambda _, message: sent.append(message.recipient))
    settle_in(city, "city_admin")
    listing = {"title": "Kino", "categoryId": str(make_category(city))}
    with exporting() as collector, stack(tmp_path, worker_id) as url:
        got = httpx.post(
            f"{url}/api/listings",
            json=listing,
            headers={"Authorization": f"Bearer {city.token('editor')}", "X-Tenant-ID": city.tenant.slug},
            timeout=120,
        )
        assert got.status_code == 201, got.text
        eventually(
            lambda: (
                city.rows("notification", "SELECT 1 FROM deliveries WHERE state = 'sent'")
                and not city.events("notification.requested")
                and not city.events("notification.sent")
            )
        )
        told()
    spans = [span for span in collector.spans() if span["trace"] == got.headers["x-correlation-id"]]

    server = named(spans, "POST /api/listings")
    assert (server["kind"], server["parent"], server["error"]) == (SERVER, "", False)
    assert server["said"] == {
        "faas.trigger": "http",
        "faas.name": "create-listing",
        "http.request.method": "POST",
        "http.route": "/api/listings",
        "http.response.status_code": 201,
        "heidi.tenant.id": str(city.id),
        "heidi.correlation.id": server["trace"],
    }
    assert server["who"] | {"service.instance.id": ""} == {
        "service.name": "create-listing",
        "service.namespace": "heidi",
        "service.version": __version__,
        "service.instance.id": "",
        "heidi.service": "core",
    }

    parent = server
    for name, kind in (
        ("send app.heidi.listing.created", PRODUCER),
        ("process app.heidi.listing.created", CONSUMER),
        ("send app.heidi.notification.requested", PRODUCER),
        ("process app.heidi.notification.requested", CONSUMER),
        ("send app.heidi.notification.sent", PRODUCER),
    ):
        span = named(spans, name)
        assert (span["kind"], span["parent"]) == (kind, parent["id"]), name
        assert span["said"]["heidi.tenant.id"] == str(city.id)
        parent = span

    assert str(city.person("editor")) not in str(spans)
    assert sent[0] not in str(spans)


def test_what_one_function_asks_another_is_in_the_trace_of_the_call(
    tmp_path: Path, worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.peers.internal_calls.ask", ASK)
    with exporting() as collector, City.known("mannheim", terms=1) as city, stack(tmp_path, worker_id) as url:
        got = httpx.post(
            f"{url}/api/listings",
            json={},
            timeout=120,
            headers={"Authorization": f"Bearer {city.token('editor')}", "X-Tenant-ID": city.tenant.slug},
        )
        assert got.json()["error"]["code"] == "TERMS_NOT_ACCEPTED"
    server, asked, answered = (
        named(collector.spans(), name)
        for name in (
            "POST /api/listings",
            "GET /api/users/{id}/terms/accepted",
            "GET /api/users/{userId}/terms/accepted",
        )
    )
    assert (asked["kind"], asked["trace"], asked["parent"]) == (CLIENT, server["trace"], server["id"])
    assert (answered["kind"], answered["trace"], answered["parent"]) == (SERVER, asked["trace"], asked["id"])
    assert str(city.person("editor")) not in str(collector.spans())


def test_an_error_is_exported_although_its_trace_was_not_sampled(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with exporting(ratio="0") as collector:
        assert city.call("list-categories").status == 200

        def fails(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("shared.runtime.binding.Binding.answer", fails)
        assert city.call("list-categories", headers={"x-correlation-id": "chain-1"}).status == 500
    [span] = collector.spans()
    assert (span["name"], span["error"], span["said"]["error.type"]) == (
        "GET /api/categories",
        True,
        "ZeroDivisionError",
    )
    assert span["said"]["heidi.correlation.id"] == "chain-1"


def test_of_what_succeeds_the_ratio_is_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "trace_sample_ratio", 0.1)
    dice = random.Random(4)
    ids = [dice.randbytes(16).hex() for _ in range(1000)]
    assert 70 <= sum(map(is_drawn, ids)) <= 130
    monkeypatch.setattr("os.urandom", dice.randbytes)
    assert 70 <= sum(Trace.start().sampled for _ in range(1000)) <= 130


def test_nobody_outside_decides_how_much_is_exported_but_the_platform_keeps_its_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings(), "trace_sample_ratio", 0.1)
    chosen = f"00-{'0' * 31}1-b7ad6b7169203331-01"  # a trace id that would always be drawn
    assert 10 <= sum(Trace.start(chosen).sampled for _ in range(500)) <= 110
    assert Trace.start(FOREIGN + "1", trusted=True).sampled
    assert not Trace.start(FOREIGN + "0", trusted=True).sampled
    assert Trace.start(FOREIGN + "1", trusted=True).child().endswith("-01")
    assert Trace.start(FOREIGN + "0", trusted=True).child().endswith("-00")


@pytest.mark.parametrize("token", [True, False])
def test_only_who_holds_the_platforms_token_is_obeyed(city: City, *, token: bool) -> None:
    said = settings().broker_token.get_secret_value() if token else ""
    with exporting(ratio="0") as collector:
        call("list-categories", tenant=city.tenant.slug, token=said, headers={"traceparent": FOREIGN + "1"})
    assert [(span["trace"], span["parent"]) for span in collector.spans()] == [
        tuple(FOREIGN.split("-")[1:3])
    ] * token


def test_an_event_goes_on_in_the_trace_that_it_carries_however_it_is_brought(city: City) -> None:
    with exporting(ratio="0") as collector:
        settle_in(city, "city_admin")
        city.call("create-listing", "editor", body={"title": "Kino", "categoryId": str(make_category(city))})
        [created] = city.events("listing.created")
        assert created.envelope.traceparent.endswith("-00")
        carried = {"ce-traceparent": FOREIGN + "1", "traceparent": created.envelope.traceparent}
        name = "notify-admins-of-pending-listing"
        token = settings().broker_token.get_secret_value()
        assert (
            call(
                name,
                path="/",
                body=created.text.encode(),
                token=token,
                headers=created.envelope.headers() | carried,
            ).status
            == 204
        )
    [span] = collector.spans()
    assert (span["kind"], span["trace"], span["parent"]) == (CONSUMER, *FOREIGN.split("-")[1:3])
    assert span["said"]["messaging.message.id"] == created.envelope.id
    assert (
        city.events("notification.requested")[0].envelope.traceparent == f"00-{span['trace']}-{span['id']}-01"
    )
    assert deliver(name, created).status == 204


def test_what_a_sweep_publishes_keeps_its_trace_and_shows_how_long_it_waited(city: City) -> None:
    event = str(uuid4())
    city.rows(
        "core",
        """INSERT INTO outbox (id, tenant_id, type, source, time, correlation_id, actor_id, traceparent, data, written_at)
     VALUES (:id, :tenant, 'app.heidi.listing.approved', '/heidi/core', now() - interval '90 s', 'c', '', :trace, '{}',
     now() - interval '90 s') RETURNING 1""",
        id=event,
        tenant=city.id,
        trace=FOREIGN + "1",
    )
    with exporting(ratio="0") as collector, answering() as broker:
        assert call("sweep-outbox", path="/", token=settings().broker_token.get_secret_value()).status == 204
    [posted] = [each["ce-traceparent"] for each in broker.came if each["ce-id"] == event]
    # the sweep takes what others left, too
    ours = [span for span in collector.spans() if span["trace"] == FOREIGN.split("-")[1]]
    span = named(ours, "send app.heidi.listing.approved")
    assert posted == f"00-{FOREIGN.split('-')[1]}-{span['id']}-01"
    assert f"00-{span['trace']}-{span['parent']}-01" == FOREIGN + "1"
    assert 85 < span["seconds"] < 200


def test_a_malformed_or_empty_traceparent_begins_a_new_trace() -> None:
    for wrong in (
        "",
        "00-xyz",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
        FOREIGN + "1-x",
    ):
        assert Trace.start(wrong, trusted=True).parent_id == ""


def test_what_the_caller_sends_as_method_query_and_id_is_not_told(city: City) -> None:
    with exporting() as collector:
        city.call("list-categories", method="BREW", query="name=geheim")
    [span] = collector.spans()
    assert span["said"]["http.request.method"] == "_OTHER"
    assert "geheim" not in str(span)


def test_nothing_is_loaded_and_nothing_started_where_nothing_is_exported(city: City) -> None:
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in os.environ
    otlp.exporter.cache_clear()
    assert city.call("list-categories").status == 200
    assert otlp.exporter.cache_info().currsize == 0
    assert (
        function("list-categories")(Request({"REQUEST_METHOD": "GET", "PATH_INFO": "/health/live"})).status
        == 200
    )
