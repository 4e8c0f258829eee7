"""Functions that are called by the clock."""

import asyncio
from collections.abc import Callable

import pytest

from broker.clock import SystemClock
from broker.settings import BrokerSettings
from broker.tick import latest_until, next_after
from broker.triggers import Tick
from tests.broker.support import (
    MORNING,
    TOKEN,
    ManualClock,
    Stage,
    eventually,
    functions,
    holding,
    saying,
    saying_in_turn,
    stage,
    story,
)
from tests.support import superuser
from tooling.stack.ports import free_port

SWEEP = Tick("sweep-outbox", "*/10 * * * * *")
NIGHTLY = Tick("delete-expired", "30 3 * * *")
HOUR = 3_600


def called(s: Stage, name: str) -> list[str]:
    return [each.headers["x-heidi-tick"] for each in s.functions.received if each.name == name]


async def asleep(s: Stage, ticks: int = 1) -> None:
    """Wait until that many ticks wait for their time."""
    await eventually(lambda: len(s.clock.calls) == ticks)


@pytest.mark.parametrize(
    ("cron", "moment", "latest", "following"),
    [
        ("*/10 * * * * *", 100.0, 100.0, 110.0),
        ("*/10 * * * * *", 109.9, 100.0, 110.0),
        ("*/10 * * * * *", 110.5, 110.0, 120.0),
        ("*/5 * * * *", 299.999, 0.0, 300.0),
        ("*/5 * * * *", 300.0, 300.0, 600.0),
        ("30 3 * * *", 12_600.5, 12_600.0, 99_000.0),
    ],
)
def test_six_fields_begin_with_seconds_and_five_with_minutes(
    cron: str, moment: float, latest: float, following: float
) -> None:
    assert (latest_until(cron, moment), next_after(cron, moment)) == (latest, following)


@story
async def test_a_function_is_called_at_its_times_with_the_time_and_the_token(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, [], [SWEEP, NIGHTLY]) as s:
        await asleep(s, 2)
        assert s.functions.received == []
        for count in (1, 2, 3):
            s.clock.advance(10)
            await eventually(lambda: len(called(s, "sweep-outbox")) == count)  # noqa: B023 (awaited at once)
            await asleep(s, 2)
        assert called(s, "sweep-outbox") == [f"2027-01-15T08:00:{seconds}Z" for seconds in (10, 20, 30)]
        assert called(s, "delete-expired") == []
        assert s.functions.received[0].headers["authorization"] == f"Bearer {TOKEN}"


@story
async def test_a_call_that_takes_longer_than_its_interval_is_never_made_twice_at_once(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, [], [SWEEP]) as s:
        await asleep(s)
        release = asyncio.Event()
        s.functions.answers["sweep-outbox"] = holding(release)
        s.clock.advance(10)
        await eventually(lambda: s.functions.in_flight == 1)
        s.clock.advance(35)
        assert s.clock.calls == []
        release.set()
        await asleep(s)
        assert s.clock.waits() == [5.0]
        s.clock.advance(5)
        await eventually(lambda: len(called(s, "sweep-outbox")) == 2)
        assert called(s, "sweep-outbox")[1] == "2027-01-15T08:00:50Z"
        assert s.functions.most_in_flight == 1


@story
async def test_what_was_missed_while_the_broker_was_down_is_made_up_for_once(
    settings: BrokerSettings,
) -> None:
    clock = ManualClock()
    async with stage(settings, [], [NIGHTLY, SWEEP], clock) as s:
        await asleep(s, 2)
    clock.calls.clear()
    clock.advance(3 * 24 * HOUR)
    async with stage(settings, [], [NIGHTLY], clock) as s:
        await asleep(s)
        assert called(s, "delete-expired") == ["2027-01-18T03:30:00Z"]
    clock.calls.clear()
    async with stage(settings, [], [NIGHTLY], clock) as s:
        await asleep(s)
        assert s.functions.received == []


@story
async def test_a_failed_call_is_repeated_like_a_delivery_and_then_given_up(settings: BrokerSettings) -> None:
    async with stage(settings, [], [NIGHTLY]) as s:
        await asleep(s)
        s.functions.answers["delete-expired"] = saying(500)
        s.clock.advance(19.5 * HOUR)
        for count, pause in enumerate((1.0, 2.0, 4.0), start=1):
            await asleep(s)
            assert (len(s.functions.received), s.clock.waits()) == (count, [pause])
            s.clock.advance(pause)
        await eventually(lambda: len(s.functions.received) == 4)
        await asleep(s)
        assert s.clock.waits() == [24 * HOUR - 7]
        assert set(called(s, "delete-expired")) == {"2027-01-16T03:30:00Z"}


@story
async def test_a_call_that_can_never_succeed_is_not_repeated_and_a_body_does_no_harm(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, [], [NIGHTLY]) as s:
        await asleep(s)
        s.functions.answers["delete-expired"] = saying_in_turn(saying(422), saying(200, b'{"deleted":3}'))
        for count in (1, 2):
            s.clock.advance(24 * HOUR)
            await eventually(lambda: len(s.functions.received) == count)  # noqa: B023 (awaited at once)
            await asleep(s)
            assert s.clock.waits() == [19.5 * HOUR]
        async with s.client.get(s.url + "/metrics") as answer:
            text = await answer.text()
        for result in ("done", "failed"):
            assert f'heidi_broker_ticks_total{{name="delete-expired",result="{result}"}} 1.0' in text


@story
async def test_a_nightly_call_waits_for_a_gateway_that_is_away(settings: BrokerSettings) -> None:
    port = free_port()
    async with functions() as elsewhere, stage(settings, [], [NIGHTLY], at=elsewhere) as s:
        s.broker.subscribers.url = f"http://127.0.0.1:{port}/function/"
        await asleep(s)
        s.clock.advance(19.5 * HOUR)
        for _ in range(20):
            await asleep(s)
            assert s.clock.waits() == [1.0]
            s.clock.advance(1)
        await asleep(s)
        async with functions(port) as back:
            s.clock.advance(1)
            await eventually(lambda: len(back.received) == 1)
            await asleep(s)
        assert s.clock.now() > MORNING


@story
async def test_a_clock_that_was_ahead_for_a_while_stops_nothing(settings: BrokerSettings) -> None:
    async with stage(settings, [], [SWEEP]) as s:
        await asleep(s)
        s.clock.advance(HOUR)
        await eventually(lambda: len(called(s, "sweep-outbox")) == 1)
        await asleep(s)
        s.clock.set_back(HOUR)
        s.clock.advance(10)  # this wait began under the wrong clock
        for count in (2, 3):
            await asleep(s)
            s.clock.advance(10)
            await eventually(lambda: len(called(s, "sweep-outbox")) == count)  # noqa: B023 (awaited at once)
        assert called(s, "sweep-outbox")[1:] == ["2027-01-15T08:00:20Z", "2027-01-15T08:00:30Z"]


@story
async def test_a_broker_that_starts_when_the_clock_is_right_again_goes_by_that_clock(
    settings: BrokerSettings,
) -> None:
    clock = ManualClock()
    async with stage(settings, [], [SWEEP], clock) as s:
        await asleep(s)
        clock.advance(HOUR)
        await eventually(lambda: len(called(s, "sweep-outbox")) == 1)
        await asleep(s)
    clock.calls.clear()
    clock.set_back(HOUR)
    async with stage(settings, [], [SWEEP], clock) as s:
        await asleep(s)
        assert clock.waits() == [10.0]


@story
async def test_a_clock_that_is_behind_for_a_while_calls_nothing_twice(settings: BrokerSettings) -> None:
    async with stage(settings, [], [NIGHTLY]) as s:
        await asleep(s)
        s.clock.advance(20 * HOUR)
        await eventually(lambda: len(called(s, "delete-expired")) == 1)
        await asleep(s)
        s.clock.set_back(HOUR)
        s.clock.advance(HOUR)
        await asleep(s)
        s.clock.advance(23 * HOUR)
        await asleep(s)
        assert called(s, "delete-expired") == ["2027-01-16T03:30:00Z"]


@story
async def test_what_another_broker_has_called_while_this_one_had_lost_the_lock_is_not_called_again(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, [], [SWEEP]) as s:
        await asleep(s)
        with superuser(settings.broker_database) as connection:
            # by the other one
            connection.run("UPDATE ticks SET last_at = to_timestamp(:at)", at=MORNING + 10)
            connection.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'heidi-broker-%'"
            )
        s.clock.advance(12)
        await asleep(s)
        assert called(s, "sweep-outbox") == []
        s.clock.advance(10)
        await eventually(lambda: called(s, "sweep-outbox") == ["2027-01-15T08:00:20Z"])


@story
async def test_a_frozen_broker_loses_its_lock_and_says_so_itself_when_it_goes_on(
    settings: BrokerSettings,
) -> None:
    async with stage(settings, [], []) as s:
        with superuser(settings.broker_database) as connection:
            held = """SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory'
              WHERE a.application_name LIKE 'heidi-broker-%' AND a.datname = current_database()"""
            before = connection.run(held)
            for session in (s.broker.store.storing, s.broker.store.books):
                assert await session.batch([("SHOW idle_session_timeout", {})]) == [[["12s"]]]
            connection.run("SELECT pg_terminate_backend(pid, 10000) FROM (" + held + ") frozen (pid)")
            await eventually(
                lambda: s.broker.store.ready and len(now := connection.run(held)) == 2 and now != before
            )


def test_waiting_ends_when_the_clock_says_so_or_as_much_time_has_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Loop:
        """An event loop's time, by hand."""

        def __init__(self) -> None:
            self.now, self.wall, self.calls = 0.0, MORNING, list[tuple[float, Callable[[], None]]]()

        def time(self) -> float:
            return self.now

        def call_soon(self, work: Callable[[], None]) -> None:
            work()

        def call_later(self, seconds: float, work: Callable[[], None]) -> None:
            self.calls.append((seconds, work))

        def passes(self, jump: float = 0) -> None:
            seconds, work = self.calls.pop()
            self.now, self.wall = self.now + seconds, self.wall + seconds + jump
            work()

    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    monkeypatch.setattr(SystemClock, "now", lambda _: loop.wall)
    reached: list[float] = []
    # a night's wait while the clock goes forth, and a wait of 90 seconds while it goes back
    for jump in (HOUR, -HOUR):
        loop.now = 0
        SystemClock().call_at(loop.wall + (19 * HOUR if jump > 0 else 90), lambda: reached.append(loop.now))
        loop.passes(jump)
        while loop.calls:
            loop.passes()
    assert reached == [18 * HOUR, 90]
