"""What the broker takes, and what it refuses."""

import asyncio
import json

import pytest

from broker.settings import BrokerSettings
from broker.triggers import Trigger
from tests.broker.support import APPROVED, AUTHORIZED, TOKEN, binary, stage, story

EVERYTHING = [Trigger("write-audit-entry", "*")]
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
EVENT = {"specversion": "1.0", "id": "1", "source": "/s", "type": APPROVED}


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in binary("1").items() if key != f"ce-{name}"}


BROKEN_HEADERS = [
    {},
    {"Content-Type": "application/json"},
    {"ce-id": "1", "ce-source": "/s", "ce-type": "t"},
    without("id"),
    without("source"),
    without("type"),
    without("specversion"),
    binary(""),
    binary("1", source=""),
    binary("1", type=""),
    binary("1", specversion="0.3"),
    binary("1", subject=""),
    binary("1", time="yesterday"),
    binary("1", time="2027-13-45T00:00:00Z"),
    binary("1", time="20270115T080000"),
    binary("%00"),
    binary("%0d%0aset-cookie:a"),
    binary("%ff%fe"),
    binary("1", subject="%ed%a0%80"),
    binary("1", bad_name="x"),
    {**binary("1"), "ce-": "x"},
    {**binary("1"), "ce-data": "x"},
    {**binary("1"), "ce-datacontenttype": "text/plain"},
    {**binary("1"), "Content-Type": "no media type"},
    binary("x" * 1_025),
    binary("1", subject="%C3%A4" * 513),
    binary("1", **{f"x{n}": "1" for n in range(40)}),
    {"Content-Type": "application/cloudevents+avro"},
    {"Content-Type": "application/cloudevents"},
]
BROKEN_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"\xff\xfe",
    b"\x00",
    b"[" * 100_000,
    b'{"a":' * 300 + b"1" + b"}" * 300,
    b"{}",
    json.dumps({**EVENT, "id": 1}).encode(),
    json.dumps({**EVENT, "id": None}).encode(),
    json.dumps({**EVENT, "id": "a\0b"}).encode(),
    json.dumps({**EVENT, "type": ["x"]}).encode(),
    json.dumps({**EVENT, "Upper": "x"}).encode(),
    json.dumps({**EVENT, "extension": {"deep": 1}}).encode(),
    json.dumps({**EVENT, "extension": 1.5}).encode(),
    json.dumps({**EVENT, "subject": "\ud800"}).encode(),
    json.dumps({**EVENT, "data": 1, "data_base64": "AA=="}).encode(),
    json.dumps({**EVENT, "data_base64": "A"}).encode(),
    json.dumps({**EVENT, "data_base64": 5}).encode(),
    json.dumps({**EVENT, "datacontenttype": "x\r\ny/z"}).encode(),
    json.dumps(EVENT).encode()[:-1] + b',"data":' + b"[" * 300 + b"]" * 300 + b"}",
]


@story
async def test_what_is_no_event_is_refused_with_a_reason_and_nothing_of_it_is_kept(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, EVERYTHING) as s:
        for headers in BROKEN_HEADERS:
            status, text = await s.post(b"{}", headers)
            assert (status, bool(json.loads(text)["error"])) == (400, True), headers
        for body in BROKEN_BODIES:
            status, text = await s.post(body, STRUCTURED)
            assert (status, bool(json.loads(text)["error"])) == (400, True), body[:200]
            good = json.dumps({**EVENT, "id": "good"}).encode()
            status, text = await s.post(b"[" + good + b"," + body + b"]", BATCH)
            assert status in {400, 413}, body[:200]
        assert (await s.post(json.dumps(EVENT).encode(), BATCH))[0] == 400
        assert (await s.get("/events"))["events"] == []


@story
async def test_what_is_too_large_is_refused(settings: BrokerSettings) -> None:
    async with stage(settings, EVERYTHING) as s:
        assert (await s.post(b"x" * 1_048_576, binary("fits")))[0] == 202
        assert (await s.post(b"x" * 1_048_577, binary("1")))[0] == 413
        assert (await s.post(json.dumps({**EVENT, "data": "x" * 1_048_576}).encode(), STRUCTURED))[0] == 413
        assert (await s.post(b"x" * 17_000_000, binary("1")))[0] == 413
        many = json.dumps([{**EVENT, "id": str(n)} for n in range(1_001)]).encode()
        assert (await s.post(many, BATCH))[0] == 413
        assert [each["event"]["id"] for each in (await s.get("/events"))["events"]] == ["fits"]


@pytest.mark.parametrize(
    "shown",
    [None, "", "Bearer", "Bearer wrong", "Basic dGVzdA==", "Bearer ü", AUTHORIZED["Authorization"].lower()],
)
@story
async def test_without_the_token_nothing_is_taken_or_told(
    settings: BrokerSettings, shown: str | None
) -> None:
    headers = {} if shown is None else {"Authorization": shown}
    async with stage(settings, EVERYTHING) as s:
        for method, path in (("POST", "/"), ("GET", "/events"), ("GET", "/dead"), ("POST", "/dead/replay")):
            async with s.client.request(
                method, s.url + path, headers=headers | binary("1"), data=b"{}"
            ) as answer:
                assert answer.status == 401, path
        for path in ("/health/live", "/health/ready", "/health/startup", "/metrics"):
            async with s.client.get(s.url + path) as answer:
                assert answer.status == 200
        assert (await s.get("/events"))["events"] == []


@story
async def test_a_body_without_a_length_is_read(settings: BrokerSettings) -> None:
    async def parts() -> object:
        for part in (b'{"a":', b"1}"):
            yield part

    async with stage(settings, EVERYTHING) as s:
        async with s.client.post(s.url, data=parts(), headers=AUTHORIZED | binary("1")) as answer:
            assert answer.status == 202
        await s.idle()
        assert s.functions.received[0].body == b'{"a":1}'


@story
async def test_hostile_text_is_kept_as_it_is(settings: BrokerSettings) -> None:
    hostile = "'; DROP TABLE events; -- \\ \" {} :name %s <script> 🏛 \u202e"
    event = {**EVENT, "id": hostile, "source": hostile, "type": hostile, "x": hostile, "data": hostile}
    async with stage(settings, EVERYTHING) as s:
        assert (await s.post(json.dumps(event).encode(), STRUCTURED))[0] == 202
        await s.idle()
        (seen,) = (await s.get("/events"))["events"]
        assert {name: seen["event"][name] for name in ("id", "source", "type", "x")} == dict.fromkeys(
            ("id", "source", "type", "x"), hostile
        )
        assert json.loads(s.functions.received[0].body) == hostile


@story
async def test_events_that_nobody_wants_are_accepted(settings: BrokerSettings) -> None:
    async with stage(settings, []) as s:
        await s.publish("1")
        (seen,) = (await s.get("/events"))["events"]
        assert seen["deliveries"] == []


@story
async def test_many_publishers_at_once_share_commits_and_all_their_events_arrive(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, EVERYTHING) as s:
        commits = 0
        insert = s.broker.store.insert

        async def counted(*arguments: object) -> object:
            nonlocal commits
            commits += 1
            return await insert(*arguments)  # type: ignore[arg-type]  # a stand-in

        s.broker.store.insert = counted  # type: ignore[method-assign, assignment]  # a stand-in
        await asyncio.gather(*(s.publish(str(number)) for number in range(500)))
        await s.idle()
        assert sorted(map(int, s.functions.ids("write-audit-entry"))) == list(range(500))
        assert commits < 250


@story
async def test_whoever_hangs_up_in_the_middle_of_a_body_leaves_no_traceback(
    settings: BrokerSettings, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage(settings, EVERYTHING) as s:
        host, port = s.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"POST / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\n{{".encode()
        )
        await writer.drain()
        writer.transport.abort()
        assert (await s.post(json.dumps(EVENT).encode(), STRUCTURED))[0] == 202
    assert [record for record in caplog.records if record.exc_info] == []
