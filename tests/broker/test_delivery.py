"""From ingress to the functions."""

import asyncio
import json
from functools import partial
from itertools import chain

import pytest
from aiohttp import web

from broker.event import Event
from broker.outcome import Outcome
from broker.settings import BrokerSettings
from broker.triggers import Trigger
from tests.broker.support import (
    APPROVED,
    AUTHORIZED,
    TOKEN,
    Answer,
    Stage,
    binary,
    eventually,
    functions,
    holding,
    saying,
    saying_in_turn,
    stage,
    story,
)
from tooling.stack.ports import free_port

MAIL = Trigger("notify-author", APPROVED)
AUDIT = Trigger("write-audit-entry", "*")


@story
async def test_an_event_reaches_the_functions_that_want_its_type_and_no_others(
    settings: BrokerSettings,
) -> None:
    other = Trigger("notify-editor", "app.heidi.listing.rejected")
    async with stage(settings, [MAIL, AUDIT, other]) as s:
        await s.publish("1")
        await s.publish("2", type="app.heidi.city.created")
        await s.publish("3", type=APPROVED + ".v2")
        await s.idle()
        assert s.functions.ids("notify-author") == ["1"]
        assert sorted(s.functions.ids("write-audit-entry")) == ["1", "2", "3"]
        assert s.functions.ids("notify-editor") == []


@story
async def test_attributes_extensions_and_data_arrive_as_they_were_sent(settings: BrokerSettings) -> None:
    extensions = {
        "tenantid": "0b1e",
        "correlationid": "c-1",
        "actorid": "a-1",
        "traceparent": "00-ab-cd-01",
        "time": "2027-01-15T08:00:00Z",
        "subject": "Stra%C3%9Fe%20%25%22%E2%82%AC",
    }
    async with stage(settings, [MAIL]) as s:
        await s.publish("1", data=b'{"listing_id":"\xc3\xa9"}', **extensions)
        await s.idle()
        (got,) = s.functions.received
        assert got.body == b'{"listing_id":"\xc3\xa9"}'
        assert got.headers["content-type"] == "application/json"
        assert got.headers["authorization"] == f"Bearer {TOKEN}"
        expected = {"id": "1", "source": "/heidi/core", "type": APPROVED, "specversion": "1.0", **extensions}
        assert {name[3:]: value for name, value in got.headers.items() if name.startswith("ce-")} == expected


@story
async def test_structured_and_batched_events_are_delivered_in_binary_mode(settings: BrokerSettings) -> None:
    def event(number: str, **more: object) -> dict[str, object]:
        return {"specversion": "1.0", "id": number, "source": "/s", "type": APPROVED, **more}

    batch = [
        event("b", data={"ä": [1, None]}, priority=3, urgent=True),
        event("c", data_base64="AAH/"),
        event("d", data="plain", datacontenttype="text/plain"),
        event("e"),
    ]
    async with stage(settings, [MAIL]) as s:
        body = json.dumps(event("a", data="text", subject="Käse")).encode()
        assert await s.post(body, {"Content-Type": "application/cloudevents+json; charset=utf-8"}) == (
            202,
            "",
        )
        headers = {"Content-Type": "application/cloudevents-batch+json"}
        assert await s.post(json.dumps(batch).encode(), headers) == (202, "")
        assert await s.post(b"[]", headers) == (202, "")
        await s.idle()
        got = {each.id: each for each in s.functions.received}
        assert (got["a"].body, got["a"].headers["ce-subject"]) == (b'"text"', "K%C3%A4se")
        assert (got["b"].body, got["b"].headers["content-type"]) == (
            '{"ä":[1,null]}'.encode(),
            "application/json",
        )
        assert (got["b"].headers["ce-priority"], got["b"].headers["ce-urgent"]) == ("3", "true")
        assert (got["c"].body, "content-type" in got["c"].headers) == (b"\x00\x01\xff", False)
        assert (got["d"].body, got["d"].headers["content-type"]) == (b"plain", "text/plain")
        assert (got["e"].body, "content-type" in got["e"].headers) == (b"", False)


@story
async def test_the_same_event_twice_is_accepted_twice_and_delivered_once(settings: BrokerSettings) -> None:
    async with stage(settings, [MAIL]) as s:
        await s.publish(*["same"] * 20, "other")
        await s.idle()
        await s.publish("same")
        await s.idle()
        assert sorted(s.functions.ids("notify-author")) == ["other", "same"]
        async with s.client.get(s.url + "/metrics") as answer:
            text = await answer.text()
        assert 'heidi_broker_events_total{result="duplicate"} 20.0' in text


@story
async def test_failures_are_repeated_after_one_two_and_four_seconds_and_then_become_a_dead_letter(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, [MAIL, AUDIT]) as s:
        s.functions.answers["notify-author"] = saying(500, b"no mail server\0" + b"x" * 5_000)
        await s.publish("1")
        for number, pause in enumerate((1.0, 2.0, 4.0), start=1):
            await s.fails(number)
            assert s.clock.waits() == [pause]
            s.clock.advance(pause - 0.001)
            assert len(s.functions.ids("notify-author")) == number
            s.clock.advance(0.001)
        (dead,) = await s.dead(1)
        assert (dead["trigger"], dead["code"], dead["attempts"]) == ("notify-author", 500, 4)
        assert dead["reason"] == "no mail server�" + "x" * 1_009
        assert (dead["event"]["id"], dead["event"]["data"]) == ("1", {})
        assert s.functions.ids("write-audit-entry") == ["1"]
        assert s.clock.waits() == []


@story
async def test_a_function_that_recovers_gets_the_event_and_there_is_no_dead_letter(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, [MAIL]) as s:
        s.functions.answers["notify-author"] = saying_in_turn(saying(500), saying(404), saying(204))
        await s.publish("1")
        await s.fails(1)
        s.clock.advance(1)
        await s.fails(2)
        s.clock.advance(2)
        await s.idle()
        assert s.functions.ids("notify-author") == ["1", "1", "1"]
        await s.dead(0)


async def give_up(s: Stage) -> list[float]:
    """Let time pass until there is a dead letter; the pauses before it."""
    pauses: list[float] = []
    counted = s.broker.metrics.retries, s.broker.metrics.dead
    while True:
        await eventually(lambda: sum(each._value.get() for each in counted) == len(pauses) + 1)  # noqa: B023 (awaited at once)
        if not s.clock.waits():
            return pauses
        pauses += s.clock.waits()
        s.clock.advance(pauses[-1])


@story
@pytest.mark.parametrize(
    "answer", [saying(503), saying(429), saying(401), saying(502), saying(500, headers={"Retry-After": "1"})]
)
async def test_while_what_a_function_needs_is_away_its_events_are_tried_for_an_hour(
    settings: BrokerSettings, answer: Answer
) -> None:
    async with stage(settings, [MAIL]) as s:
        s.functions.answers["notify-author"] = answer
        await s.publish("1")
        pauses = await give_up(s)
        assert pauses[:8] == [1, 2, 4, 8, 16, 32, 64, 120]
        assert 3_600 <= sum(pauses) <= 3_600 + 120
        assert max(pauses) == 120  # so that all go on within two minutes of its return
        (dead,) = await s.dead(1)
        assert dead["attempts"] == len(pauses) + 1


@story
async def test_bad_weather_does_not_use_up_the_attempts_of_an_event(settings: BrokerSettings) -> None:
    async with stage(settings, [MAIL]) as s:
        weather, failures = [saying(503)] * 5, [saying(500)] * 3
        s.functions.answers["notify-author"] = saying_in_turn(*weather, *failures, saying(204))
        await s.publish("1")
        pauses = []
        for number in range(1, 9):
            await s.fails(number)
            pauses += s.clock.waits()
            s.clock.advance(pauses[-1])
        await s.idle()
        assert pauses == [1, 2, 4, 8, 16, 1, 2, 4]
        await s.dead(0)


@story
async def test_each_status_has_the_meaning_that_knative_gives_it(settings: BrokerSettings) -> None:
    dead, again, done = (
        {301, 400, 403, 410, 413, 422},
        {401, 404, 408, 409, 429, 500, 502, 503, 504, 599},
        {200, 202, 204},
    )
    async with stage(settings, [Trigger(f"f{code}", APPROVED) for code in dead | again | done]) as s:
        for code in dead | again | done:
            s.functions.answers[f"f{code}"] = saying(code)
        await s.publish("1")
        letters = await s.dead(len(dead))
        assert {(each["code"], each["attempts"]) for each in letters} == {(code, 1) for code in dead}
        await s.fails(len(again))
        backlog = {each.trigger for each in await s.broker.store.backlog()}
        assert backlog == {f"f{code}" for code in again}


@story
async def test_a_function_that_asks_for_time_gets_it(settings: BrokerSettings) -> None:
    triggers = [Trigger(name, APPROVED) for name in ("patient", "short", "absurd", "broken")]
    async with stage(settings, triggers) as s:
        for name, value in (("patient", "30"), ("short", "0"), ("absurd", "99999"), ("broken", "soon")):
            s.functions.answers[name] = saying(429, headers={"Retry-After": value})
        await s.publish("1")
        await s.fails(4)
        assert s.clock.waits() == [1.0, 1.0, 30.0, 300.0]


@story
async def test_an_answer_that_is_an_event_is_delivered_as_one(settings: BrokerSettings) -> None:
    reply = binary("reply", type="app.heidi.mail.sent", tenantid="t")
    async with stage(settings, [MAIL, Trigger("count-mails", "app.heidi.mail.sent")]) as s:
        s.functions.answers["notify-author"] = saying(200, b'{"to":"x"}', reply)
        await s.publish("1")
        await eventually(lambda: s.functions.ids("count-mails"))
        await s.idle()
        (got,) = [each for each in s.functions.received if each.name == "count-mails"]
        assert (got.body, got.headers["ce-tenantid"]) == (b'{"to":"x"}', "t")
        assert "ce-knativebrokerttl" not in got.headers


@story
async def test_functions_that_answer_each_other_for_ever_are_stopped(settings: BrokerSettings) -> None:
    async with stage(settings, [Trigger("echo", "ping")]) as s:
        numbers = iter(range(1_000))

        async def answer(_: object) -> object:
            return await saying(200, b"1", binary(f"r{next(numbers)}", type="ping"))(_)  # type: ignore[arg-type]  # a stand-in

        s.functions.answers["echo"] = answer  # type: ignore[assignment]  # a stand-in
        await s.publish("first", type="ping", knativebrokerttl="7")
        await eventually(lambda: len(s.functions.received) == 8)
        await s.idle()
        assert len(s.functions.received) == 8


@story
async def test_an_answer_with_a_body_that_is_no_event_counts_as_a_failure(settings: BrokerSettings) -> None:
    half = {"ce-specversion": "1.0", "ce-id": "1"}
    async with stage(settings, [Trigger(name, APPROVED) for name in ("chatty", "half", "bulky")]) as s:
        s.functions.answers |= {
            "chatty": saying(200, b"OK"),
            "half": saying(200, b"", half),
            "bulky": saying(200, b"x" * 3_000_000, binary("big")),
        }
        await s.publish("1")
        for number, pause in enumerate((1, 2, 4), start=1):
            await s.fails(3 * number)
            s.clock.advance(pause)
        letters = {each["trigger"]: each for each in await s.dead(3)}
        assert {each["code"] for each in letters.values()} == {502}
        assert letters["chatty"]["reason"] == "answered 200 with a body that is not an event: OK"
        assert "source is missing" in letters["half"]["reason"]


@story
async def test_no_answer_in_time_is_a_failure(settings: BrokerSettings) -> None:
    async with stage(settings.model_copy(update={"broker_timeout": 0.05}), [MAIL]) as s:
        never = asyncio.Event()
        s.functions.answers["notify-author"] = holding(never)
        await s.publish("1")
        await s.fails(1)
        assert s.clock.waits() == [1.0]
        never.set()


@story
async def test_while_the_gateway_is_away_deliveries_wait_and_no_attempt_is_counted(
    settings: BrokerSettings,
) -> None:
    port = free_port()
    async with functions() as elsewhere, stage(settings, [MAIL], at=elsewhere) as s:
        s.broker.subscribers.url = f"http://127.0.0.1:{port}/function/"
        await s.publish("1", "2")
        for _ in range(10):
            await eventually(lambda: s.clock.waits() == [1.0])
            s.clock.advance(1)
        await eventually(lambda: s.clock.waits() == [1.0])
        async with functions(port) as back:
            s.clock.advance(1)
            await s.idle()
            assert sorted(back.ids("notify-author")) == ["1", "2"]
        await s.dead(0)
        assert s.broker.metrics.retries._value.get() == 0


@story
async def test_a_slow_function_does_not_keep_others_waiting(settings: BrokerSettings) -> None:
    bounds = {"broker_in_flight": 6, "broker_in_flight_per_trigger": 4}
    slow = [Trigger(f"slow-{number}", "slow") for number in range(5)]
    async with stage(settings.model_copy(update=bounds), [*slow, MAIL]) as s:
        release = asyncio.Event()
        s.functions.answers |= {each.name: holding(release) for each in slow}
        await s.publish(*(f"s{number}" for number in range(30)), type="slow")
        await eventually(lambda: s.functions.in_flight >= 10)
        await s.publish(*(f"m{number}" for number in range(30)))
        await eventually(lambda: len(s.functions.ids("notify-author")) == 30)
        assert s.functions.most_in_flight <= 5 * 2 + 2 + 6
        assert all(len(s.functions.ids(each.name)) <= 4 for each in slow)
        release.set()
        await s.idle()
        assert all(len(set(s.functions.ids(each.name))) == 30 for each in slow)


@story
async def test_a_queue_larger_than_memory_is_delivered_completely_and_once(
    settings: BrokerSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("broker.lane.WINDOW", 10)
    async with stage(settings, [MAIL, AUDIT]) as s:
        release = asyncio.Event()
        s.functions.answers |= {"notify-author": holding(release), "write-audit-entry": holding(release)}
        await s.publish(*(f"e{number}" for number in range(300)))
        release.set()
        await s.publish(*(f"f{number}" for number in range(100)))
        await s.idle()
        expected = sorted([f"e{number}" for number in range(300)] + [f"f{number}" for number in range(100)])
        assert sorted(s.functions.ids("notify-author")) == expected
        assert sorted(s.functions.ids("write-audit-entry")) == expected


@story
async def test_large_events_go_through_and_memory_stays_bounded(settings: BrokerSettings) -> None:
    async with stage(settings, [MAIL]) as s:
        release = asyncio.Event()
        s.functions.answers["notify-author"] = holding(release)
        await s.publish(*(str(number) for number in range(24)), data=b"\x00" * 1_048_576)
        (lane,) = s.broker.dispatcher.lanes.values()
        assert len(lane.held) <= 9
        release.set()
        await s.idle()
        assert {len(each.body) for each in s.functions.received} == {1_048_576}
        assert len(set(s.functions.ids("notify-author"))) == 24


@story
async def test_an_event_on_which_the_broker_itself_stumbles_becomes_a_dead_letter(
    settings: BrokerSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stage(settings.model_copy(update={"broker_backoff": ()}), [MAIL]) as s:
        deliver = s.broker.subscribers.deliver

        async def stumble(trigger: str, event: Event) -> Outcome:
            if event.id == "1":
                raise RuntimeError("stumbled")
            return await deliver(trigger, event)

        monkeypatch.setattr(s.broker.subscribers, "deliver", stumble)
        await s.publish("1", "2")
        (dead,) = await s.dead(1)
        assert (dead["event"]["id"], dead["code"], dead["reason"]) == ("1", 500, "RuntimeError('stumbled')")
        await s.idle()
        assert s.functions.ids("notify-author") == ["2"]


LOG = Trigger("write-audit-entry", "*", batches=True)


def at_once(s: Stage, number: int) -> bool:
    """Whether so many requests are being answered."""
    return s.functions.in_flight == number


def told(s: Stage) -> list[list[str]]:
    """The ids of each request that the log got."""
    return [
        [each.id] if each.id else [event["id"] for event in json.loads(each.body)]
        for each in s.functions.received
    ]


@story
async def test_what_waits_for_a_function_that_takes_batches_comes_in_one_request(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, [LOG]) as s:
        release = asyncio.Event()
        s.functions.answers["write-audit-entry"] = holding(release)
        await s.publish("1")
        await eventually(lambda: s.functions.in_flight == 1)
        await s.publish("2", data=b'{"title":"Caf\xc3\xa9"}', tenantid="t")
        await eventually(lambda: s.functions.in_flight == 2)
        await s.publish(*(str(number) for number in range(3, 200)))
        assert s.functions.in_flight == 2
        release.set()
        await s.idle()
        assert sorted(len(each) for each in told(s)) == [1, 1, 97, 100]
        assert sorted(map(int, chain.from_iterable(told(s)))) == list(range(1, 200))
        batch = s.functions.received[2]
        assert batch.headers["content-type"] == "application/cloudevents-batch+json"
        first = json.loads(batch.body)[0]
        assert (first["source"], first["type"], first["data"], first["specversion"]) == (
            "/heidi/core",
            APPROVED,
            {},
            "1.0",
        )


@story
async def test_an_event_that_spoils_a_batch_is_found_and_the_others_are_delivered(
    settings: BrokerSettings,
) -> None:
    async def judge(request: web.Request) -> web.Response:
        await release.wait()
        spoilt = b'"poison"' in await request.read() or request.headers.get("ce-id") == "poison"
        return web.Response(status=422 if spoilt else 204)

    async with stage(settings, [LOG]) as s:
        release = asyncio.Event()
        s.functions.answers["write-audit-entry"] = judge
        await s.publish("1")
        await s.publish("2")
        await eventually(lambda: s.functions.in_flight == 2)
        await s.publish("3", "poison", "4")
        release.set()
        (dead,) = await s.dead(1)
        await s.idle()
        assert (dead["event"]["id"], dead["code"], dead["attempts"]) == ("poison", 422, 1)
        assert [len(each) for each in told(s)] == [1, 1, 3, 1, 1, 1]


@story
async def test_a_batch_waits_as_a_whole_for_a_gateway_or_a_database_that_is_away(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, [LOG]) as s:
        release = asyncio.Event()
        s.functions.answers["write-audit-entry"] = saying_in_turn(
            holding(release), holding(release), saying(503), saying(204)
        )
        await s.publish("1")
        await s.publish("2")
        await eventually(lambda: s.functions.in_flight == 2)
        await s.publish("3", "4", "5")
        release.set()
        await s.fails(3)
        s.clock.advance(1)
        await s.idle()
        assert [len(each) for each in told(s)[:3]] == [1, 1, 3]
        assert sorted(chain.from_iterable(told(s)[3:])) == ["3", "4", "5"]
        await s.dead(0)


@story
async def test_a_function_that_turns_outward_gets_four_requests_at_a_time_and_its_backlog_is_not_the_platforms(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, [Trigger("send-email", APPROVED, batches=True, outward=True)]) as s:
        release = asyncio.Event()
        s.functions.answers["send-email"] = holding(release)
        for number in range(1, 5):
            await s.publish(str(number))
            await eventually(partial(at_once, s, number))
        await s.publish("5", "6", "7")
        s.clock.advance(60)
        async with s.client.post(s.url, data=b"{}", headers=AUTHORIZED | binary("8")) as answer:
            assert float(answer.headers["X-Heidi-Behind"]) == 0
        assert s.functions.in_flight == 4
        release.set()
        await s.idle()
        assert [len(each) for each in told(s)] == [1, 1, 1, 1, 4]


@story
async def test_publishers_are_told_how_long_the_oldest_event_waits_for_its_first_turn(
    settings: BrokerSettings,
) -> None:
    async def behind(event_id: str) -> str:
        async with s.client.post(s.url, data=b"{}", headers=AUTHORIZED | binary(event_id)) as answer:
            return answer.headers["X-Heidi-Behind"]

    async with stage(settings, [LOG, MAIL]) as s:
        release = asyncio.Event()
        s.functions.answers["notify-author"] = saying(503)  # its weather is nobody else's
        s.functions.answers["write-audit-entry"] = holding(release)
        assert [await behind(str(number)) for number in range(3)] == ["0.0"] * 3
        await eventually(lambda: s.functions.in_flight == 2)
        s.clock.advance(30)
        assert await behind("3") == "30.0"
        release.set()
        await s.waiting("notify-author")
        assert await behind("4") == "0.0"
