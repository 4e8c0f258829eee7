"""What could not be delivered: kept, shown, and delivered again."""

import asyncio
import base64
import json
from urllib.parse import unquote

import pytest

from broker import deadletters
from broker.settings import BrokerSettings
from broker.triggers import Trigger
from shared.kit.settings import settings as house_settings
from tests.broker.support import (
    APPROVED,
    MORNING,
    TOKEN,
    ManualClock,
    eventually,
    saying,
    saying_in_turn,
    stage,
    story,
)

MAIL = Trigger("notify-author", APPROVED)
PUSH = Trigger("send-push", APPROVED)


@story
async def test_a_dead_letter_is_delivered_again_when_asked_and_may_die_again(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, [MAIL]) as s:
        s.functions.answers["notify-author"] = saying(422, b"no such template")
        await s.publish("1")
        (first,) = await s.dead(1)
        assert (first["code"], first["reason"], first["attempts"]) == (422, "no such template", 1)
        assert await s.post(b'{"ids":"all"}', path="/dead/replay") == (200, '{"replayed":1}')
        await s.idle()
        (second,) = await s.dead(1)
        assert second["id"] > first["id"]
        s.functions.answers.clear()
        assert await s.post(json.dumps({"ids": [second["id"]]}).encode(), path="/dead/replay") == (
            200,
            '{"replayed":1}',
        )
        await s.idle()
        assert s.functions.ids("notify-author") == ["1"] * 3
        assert await s.dead(0) == []
        assert await s.post(b'{"ids":"all"}', path="/dead/replay") == (200, '{"replayed":0}')


@story
async def test_only_the_named_dead_letters_are_replayed(settings: BrokerSettings) -> None:
    async with stage(settings, [MAIL, PUSH]) as s:
        s.functions.answers |= {"notify-author": saying(422), "send-push": saying(400)}
        await s.publish("1", "2", "3")
        await s.dead(6)
        push = (await s.get("/dead?trigger=send-push"))["dead"]
        assert {(each["trigger"], each["code"]) for each in push} == {("send-push", 400)}
        s.functions.answers.clear()
        s.functions.received.clear()
        chosen = {each["id"]: each["event"]["id"] for each in push[:2]}
        await s.post(json.dumps({"ids": [*chosen, 999_999]}).encode(), path="/dead/replay")
        await s.idle()
        assert sorted(s.functions.ids("send-push")) == sorted(chosen.values())
        assert s.functions.ids("notify-author") == []
        await s.dead(4)


@story
async def test_a_replay_of_thousands_is_complete(
    settings: BrokerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.lane.WINDOW", 50)
    async with stage(settings, [MAIL]) as s:
        s.functions.answers["notify-author"] = saying(422)
        batch = [{"specversion": "1.0", "id": str(n), "source": "/s", "type": APPROVED} for n in range(1_000)]
        for _ in range(2):
            await s.post(json.dumps(batch).encode(), {"Content-Type": "application/cloudevents-batch+json"})
            batch = [{**event, "source": "/t"} for event in batch]
        await s.idle()
        assert await s.broker.store.count_dead() == 2_000
        s.functions.answers.clear()
        s.functions.received.clear()
        assert await s.post(b'{"ids":"all"}', path="/dead/replay") == (200, '{"replayed":2000}')
        await s.idle()
        assert len(s.functions.ids("notify-author")) == 2_000
        assert len({(each.id, each.headers["ce-source"]) for each in s.functions.received}) == 2_000


@pytest.mark.parametrize(
    "asked",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"ids":"some"}',
        b'{"ids":["1"]}',
        b'{"ids":[-1]}',
        b'{"ids":[1.5]}',
        b'{"ids":[true]}',
        b'{"ids":[99999999999999999999999]}',
    ],
)
@story
async def test_a_replay_of_nonsense_is_refused(settings: BrokerSettings, asked: bytes) -> None:
    async with stage(settings, [MAIL]) as s:
        assert (await s.post(asked, path="/dead/replay"))[0] == 400


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=-1", "before=1.5", "limit=1&before=٣", "limit=" + "9" * 40]
)
@story
async def test_a_hostile_question_is_refused(settings: BrokerSettings, query: str) -> None:
    async with stage(settings, [MAIL]) as s:
        for path in ("/dead", "/events", "/dead?trigger=%00&x=", "/events?type=%00&x="):
            async with s.client.get(
                f"{s.url}{path}{'&' if '?' in path else '?'}{query}",
                headers={"Authorization": f"Bearer {TOKEN}"},
            ) as answer:
                assert answer.status == 400, path


@story
async def test_dead_letters_are_paged_newest_first(settings: BrokerSettings) -> None:
    async with stage(settings, [MAIL]) as s:
        s.functions.answers["notify-author"] = saying(422)
        await s.publish(*map(str, range(5)))
        everything = [each["id"] for each in await s.dead(5)]
        assert everything == sorted(everything, reverse=True)
        assert [each["id"] for each in (await s.get("/dead?limit=2"))["dead"]] == everything[:2]
        assert [
            each["id"] for each in (await s.get(f"/dead?limit=2&before={everything[1]}"))["dead"]
        ] == everything[2:4]


@story
async def test_recent_events_show_what_became_of_each_delivery(settings: BrokerSettings) -> None:
    async with stage(settings, [MAIL, PUSH, Trigger("write-audit-entry", "*")]) as s:
        s.functions.answers |= {"notify-author": saying(422), "send-push": saying(500)}
        await s.publish("1", tenantid="t-1")
        await s.dead(1)
        await s.fails(1)
        await s.publish("2", type="other")

        await s.waiting("send-push")
        newest, oldest = (await s.get("/events"))["events"]
        assert newest["deliveries"] == [
            {
                "trigger": "write-audit-entry",
                "state": "delivered",
                "attempts": None,
                "next_at": None,
                "code": None,
            }
        ]
        assert (newest["event"]["id"], oldest["event"]["tenantid"], oldest["size"]) == ("2", "t-1", 2)
        states = {
            each["trigger"]: (each["state"], each["attempts"], each["code"]) for each in oldest["deliveries"]
        }
        assert states == {
            "notify-author": ("dead", 1, 422),
            "send-push": ("waiting", 1, None),
            "write-audit-entry": ("delivered", None, None),
        }
        assert [each["event"]["id"] for each in (await s.get("/events?type=other&limit=1"))["events"]] == [
            "2"
        ]


@story
async def test_what_a_removed_function_was_still_to_get_becomes_a_dead_letter(
    settings: BrokerSettings,
) -> None:
    clock = ManualClock()
    async with stage(settings, [MAIL, PUSH], clock=clock) as s:
        s.functions.answers["send-push"] = saying(503)
        await s.publish("1")
        await s.fails(1)
    async with stage(settings, [MAIL], clock=clock) as s:
        (dead,) = await s.dead(1)
        assert (dead["trigger"], dead["code"]) == ("send-push", 410)
        assert await s.post(b'{"ids":"all"}', path="/dead/replay") == (200, '{"replayed":0}')
    async with stage(settings, [MAIL, PUSH], clock=clock) as s:
        assert await s.post(b'{"ids":"all"}', path="/dead/replay") == (200, '{"replayed":1}')
        await s.idle()
        assert s.functions.ids("send-push") == ["1"]


@story
async def test_old_events_are_pruned_unless_something_is_still_to_be_done_with_them(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, [MAIL, PUSH]) as s:
        s.functions.answers["send-push"] = saying(422)
        await s.publish("dead", "old")
        letters = {each["event"]["id"]: each["id"] for each in await s.dead(2)}
        s.functions.answers["send-push"] = saying(204)
        await s.post(json.dumps({"ids": [letters["old"]]}).encode(), path="/dead/replay")
        await s.idle()
        s.functions.answers["send-push"] = saying(503)
        await s.publish("waiting")
        await s.fails(1)
        await s.broker.store.prune(1)
        assert len((await s.get("/events"))["events"]) == 3
        await s.broker.store.prune(0)
        assert {each["event"]["id"] for each in (await s.get("/events"))["events"]} == {"dead", "waiting"}


def test_the_command_line_lists_and_replays(
    settings: BrokerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        async with stage(settings, [MAIL]) as s:
            monkeypatch.setenv("BROKER_URL", s.url)
            monkeypatch.setenv("BROKER_TOKEN", TOKEN)
            s.functions.answers["notify-author"] = saying(422, b"never")
            await s.publish("1", "2")
            await s.dead(2)
            newest, oldest = await asyncio.to_thread(deadletters.list_dead, "notify-author")
            assert (newest.reason, newest.event["type"], newest.size) == ("never", APPROVED, 2)
            assert [each.id for each in await asyncio.to_thread(deadletters.list_dead, before=newest.id)] == [
                oldest.id
            ]
            recent = await asyncio.to_thread(deadletters.recent_events, limit=1)
            assert recent[0].deliveries[0]["state"] == "dead"
            s.functions.answers.clear()
            assert await asyncio.to_thread(deadletters.replay, [oldest.id]) == 1
            assert await asyncio.to_thread(deadletters.replay, "all") == 1
            await s.idle()
            assert await asyncio.to_thread(deadletters.list_dead) == []
        with pytest.raises(deadletters.BrokerSilent, match="does not answer"):
            await asyncio.to_thread(deadletters.list_dead)

    house_settings.cache_clear()
    try:
        asyncio.run(play())
    finally:
        house_settings.cache_clear()


KEEPER = "keep-dead-letter"


def keeping(settings: BrokerSettings) -> BrokerSettings:
    return settings.model_copy(update={"broker_keeper": KEEPER})


@story
async def test_a_dead_letter_is_handed_over_to_the_platform_with_where_and_why_it_failed(
    settings: BrokerSettings,
) -> None:
    async with stage(keeping(settings), [MAIL]) as s:
        s.functions.answers["notify-author"] = saying(422, b"no such template")
        await s.publish("1", data=b'{"a":1}', tenantid="t")
        await eventually(lambda: s.broker.metrics.dead._value.get() == 1)
        await s.idle()
        s.clock.advance(1)
        await eventually(lambda: s.functions.ids(KEEPER) == ["1"])
        letter = s.functions.received[-1]
        said = {name: unquote(value) for name, value in letter.headers.items()}
        assert said["ce-knativeerrordest"] == f"{s.functions.url}/function/notify-author"
        assert said["ce-knativeerrorcode"] == "422"
        assert base64.b64decode(said["ce-knativeerrordata"]) == b"no such template"
        assert (said["ce-type"], said["ce-tenantid"], letter.body) == (APPROVED, "t", b'{"a":1}')
        await s.dead(0)
        assert (await s.get("/events"))["events"][0]["deliveries"][0]["state"] == "dead"


@story
async def test_no_dead_letter_is_lost_while_the_platform_cannot_keep_it_for_an_hour(
    settings: BrokerSettings,
) -> None:
    clock = ManualClock()
    async with stage(keeping(settings), [MAIL], clock=clock) as s:
        s.functions.answers |= {"notify-author": saying(422), KEEPER: saying(503)}
        await s.publish("1", "2")
        await s.dead(2)
        await s.idle()
        asked = 0
        while clock.now() < MORNING + 3_600:  # an hour of a database that is away
            await eventually(lambda: len(clock.calls) == 1)
            clock.advance(61)
            await eventually(lambda: len(s.functions.ids(KEEPER)) > asked)  # noqa: B023 (awaited at once)
            asked = len(s.functions.ids(KEEPER))
        await s.dead(2)
    clock.calls.clear()
    async with stage(keeping(settings), [MAIL], clock=clock) as s:  # restarted meanwhile
        await s.dead(0)
        assert s.functions.ids(KEEPER) == ["1", "2"]


@story
async def test_a_letter_that_the_platform_refuses_stays_with_the_broker_and_holds_up_no_other(
    settings: BrokerSettings,
) -> None:
    async with stage(keeping(settings), [MAIL]) as s:
        s.functions.answers |= {
            "notify-author": saying(422),
            KEEPER: saying_in_turn(saying(413), saying(204)),
        }
        await s.publish("1")
        await s.dead(1)
        await s.publish("2")
        await s.dead(2)
        await s.idle()
        s.clock.advance(1)
        await eventually(lambda: len(s.functions.ids(KEEPER)) == 2)
        (left,) = await s.dead(1)
        assert left["event"]["id"] == "1"


@story
async def test_a_letter_that_was_handed_over_is_pruned_with_its_event(settings: BrokerSettings) -> None:
    async with stage(keeping(settings), [MAIL]) as s:
        s.functions.answers["notify-author"] = saying(422)
        await s.publish("1")
        await eventually(lambda: s.broker.metrics.dead._value.get() == 1)
        await s.idle()
        s.clock.advance(1)
        await eventually(lambda: s.functions.ids(KEEPER) == ["1"])
        await s.dead(0)
        await s.broker.store.prune(0)
        assert (await s.get("/events"))["events"] == []
