"""Events over a real RabbitMQ, with the semantics of Knative's broker: kept before they are accepted, tried
again, never lost.
"""

import asyncio
import base64
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from uuid import uuid4

import pytest

from broker.outcome import weather_pause
from broker.rabbit.topology import queues, waiting
from broker.triggers import Trigger, load
from events.auth import UserCreated
from tests.deploy.judge import documents
from tests.deploy.rabbit import Front, Functions, Server, broker, event, eventually, rabbitmq, started
from tests.platform.letters import listed
from tests.support import City, answer, function
from tooling.registry import ROOT

KEEPER = "keep-dead-letter"
# of an hour of bad weather
PAUSES = [wait for number in range(1, 100) if (wait := weather_pause(number, 3600))]
ATTEMPTS = len(PAUSES) + 1


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all tests; each has its own names."""
    with rabbitmq() as made, started(made):
        yield made


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def name() -> str:
    """A function's name, and so a queue, of this test's own."""
    return f"f-{uuid4().hex[:12]}"


@pytest.fixture
def kind() -> str:
    return f"app.heidi.test.t{uuid4().hex[:12]}"


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


async def ready(front: Front) -> None:
    await eventually(lambda: front.broker.is_ready)


def test_a_broker_that_is_stopped_while_it_connects_ends(server: Server, functions: Functions) -> None:
    async def story() -> None:
        async with broker(server, functions, []):
            pass

    run(story())


def real(wanted: str) -> Callable[[dict[str, str], bytes], int | tuple[int, str]]:
    """A real function with its whole pipeline and its real database."""

    def call(headers: dict[str, str], body: bytes) -> int | tuple[int, str]:
        import io

        from shared.kit.http import Request

        environ = {f"HTTP_{key.upper().replace('-', '_')}": value for key, value in headers.items()} | {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": headers.get("content-type", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        got = answer(function(wanted)(Request(environ)))
        return got.status if got.status == 204 else (got.status, got.raw.decode())

    return call


def test_an_event_reaches_each_function_that_wants_its_type_and_no_other(
    server: Server, functions: Functions, name: str, kind: str
) -> None:
    async def story() -> None:
        triggers = [
            Trigger(name, kind),
            Trigger(f"{name}-too", kind),
            Trigger(f"{name}-not", f"{kind}.other"),
            Trigger(f"{name}-all", "*"),
        ]
        async with broker(server, functions, triggers) as front:
            await ready(front)
            said = event(
                kind, tenantid="t", subject="Stra%C3%9Fe", traceparent=f"00-{'a' * 32}-{'b' * 16}-01"
            )
            assert await front.post(said, b'{"n": 1}') == 202
            await eventually(lambda: len(functions.got) == 3)
            assert {called for called, _, _ in functions.got} == {name, f"{name}-too", f"{name}-all"}
            _, headers, body = functions.got[0]
            assert body == b'{"n": 1}'
            assert {key: headers[key.lower()] for key in said} == said
            assert headers["authorization"].startswith("Bearer ")

    run(story())


def test_what_nobody_wants_is_accepted_and_forgotten(
    server: Server, functions: Functions, name: str, kind: str
) -> None:
    async def story() -> None:
        async with broker(server, functions, [Trigger(name, kind)]) as front:
            await ready(front)
            assert await front.post(event(f"{kind}.unheard")) == 202
            assert await front.post(event(kind)) == 202
            await eventually(lambda: functions.calls(name))
            assert len(functions.got) == 1

    run(story())


@pytest.mark.parametrize(
    ("headers", "body", "token", "status"),
    [
        ({}, b"{}", None, 400),
        (event() | {"ce-specversion": "0.3"}, b"{}", None, 400),
        (event(), b"{}", "wrong", 401),
        (event(), b"{}", "", 401),
        ({"Content-Type": "application/cloudevents-batch+json"}, b"[]", None, 400),
        (event(), b"x" * 1_048_577, None, 413),
    ],
    ids=["no event", "another version", "wrong token", "no token", "a batch", "too large"],
)
def test_what_is_no_event_or_from_nobody_is_refused(
    server: Server, functions: Functions, headers: dict[str, str], body: bytes, token: str | None, status: int
) -> None:
    async def story() -> None:
        async with broker(server, functions, []) as front:
            await ready(front)
            assert await front.post(headers, body, token) == status

    run(story())


@pytest.mark.parametrize("status", [500, 503, 404, 408, 409, 429])
def test_a_function_that_is_away_gets_the_event_again(
    server: Server, functions: Functions, name: str, kind: str, status: int
) -> None:
    async def story() -> None:
        functions.answers[name] = lambda *_: status if len(functions.calls(name)) < 3 else 204
        async with broker(server, functions, [Trigger(name, kind)]) as front:
            await ready(front)
            said = event(kind)
            await front.post(said)
            await eventually(lambda: len(functions.calls(name)) == 3)
            assert {headers["ce-id"] for headers in functions.calls(name)} == {said["ce-id"]}
        assert functions.calls(KEEPER, said["ce-id"]) == []

    run(story())


def test_after_four_attempts_it_is_a_dead_letter_that_says_where_and_why(
    server: Server, functions: Functions, name: str, kind: str
) -> None:
    async def story() -> None:
        functions.answers[name] = lambda *_: (500, "the database is away")
        async with broker(server, functions, [Trigger(name, kind)]) as front:
            await ready(front)
            said = event(kind, tenantid="t")
            await front.post(said, b'{"n": 2}')
            [letter] = await eventually(lambda: functions.calls(KEEPER, said["ce-id"]))
            assert len(functions.calls(name)) == 4
            assert letter["ce-knativeerrordest"].endswith(f"/function/{name}")
            assert letter["ce-knativeerrorcode"] == "500"
            assert base64.b64decode(letter["ce-knativeerrordata"]) == b"the database is away"
            assert letter["ce-tenantid"] == "t"

    run(story())


@pytest.mark.parametrize("status", [422, 400, 413])
def test_what_can_never_succeed_is_a_dead_letter_at_once(
    server: Server, functions: Functions, name: str, kind: str, status: int
) -> None:
    async def story() -> None:
        functions.answers[name] = lambda *_: status
        async with broker(server, functions, [Trigger(name, kind)]) as front:
            await ready(front)
            said = event(kind)
            await front.post(said)
            [letter] = await eventually(lambda: functions.calls(KEEPER, said["ce-id"]))
            assert (len(functions.calls(name)), letter["ce-knativeerrorcode"]) == (1, str(status))

    run(story())


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for long, and everything that waits does so in RabbitMQ."""
    monkeypatch.setattr("broker.rabbit.topology.PAUSES", (0.05,))
    monkeypatch.setattr("broker.rabbit.dispatcher.IN_HAND", 0.0)


@pytest.mark.usefixtures("brief")
def test_a_dead_letter_that_nobody_takes_is_handed_in_until_somebody_does(
    server: Server, functions: Functions, name: str, kind: str
) -> None:
    async def story() -> None:
        functions.answers[name] = lambda *_: 422
        functions.answers[KEEPER] = lambda headers, _: (
            204
            if len(functions.calls(KEEPER, headers["ce-id"])) > 60
            else (500, 404, 422, 503)[len(functions.calls(KEEPER, headers["ce-id"])) % 4]
        )
        async with broker(server, functions, [Trigger(name, kind)]) as front:
            await ready(front)
            said = event(kind)
            await front.post(said)
            await eventually(lambda: len(functions.calls(KEEPER, said["ce-id"])) == 61)
            letters = functions.calls(KEEPER, said["ce-id"])
            assert {
                (letter["ce-knativeerrorcode"], letter["ce-knativeerrordest"].rpartition("/")[2])
                for letter in letters
            } == {("422", name)}
            await eventually(lambda: not front.broker.dispatcher.busy)

    run(story())


@pytest.mark.usefixtures("brief")
def test_what_waits_for_something_is_tried_for_an_hour_and_meanwhile_lies_in_rabbitmq(
    server: Server, functions: Functions, name: str, kind: str
) -> None:
    async def story() -> None:
        functions.answers[name] = lambda *_: 503
        async with broker(server, functions, [Trigger(name, kind)]) as front:
            await ready(front)
            said = event(kind, tenantid="t")
            await front.post(said, b'{"n": 3}')
            [letter] = await eventually(lambda: functions.calls(KEEPER, said["ce-id"]))
            assert len(functions.calls(name)) == ATTEMPTS
            assert (letter["ce-knativeerrorcode"], letter["ce-tenantid"]) == ("503", "t")

    run(story())


@pytest.mark.usefixtures("brief")
def test_what_waits_in_rabbitmq_outlives_the_broker_and_keeps_count(
    server: Server, functions: Functions, name: str, kind: str
) -> None:
    async def story() -> None:
        functions.answers[name] = lambda *_: 503
        said = event(kind)
        async with broker(server, functions, [Trigger(name, kind)]) as front:
            await ready(front)
            await front.post(said)
            await eventually(lambda: len(functions.calls(name)) >= 3)
        later = Functions(answers={name: lambda *_: 503})
        async with broker(server, later, [Trigger(name, kind)]):
            await eventually(lambda: later.calls(KEEPER, said["ce-id"]))
        # one that was under way at the end comes again
        assert len(functions.calls(name)) + len(later.calls(name)) in (ATTEMPTS, ATTEMPTS + 1)

    run(story())


@pytest.mark.usefixtures("brief")
def test_those_that_wait_leave_their_places_to_others(
    server: Server, functions: Functions, name: str, kind: str
) -> None:
    async def story() -> None:
        slow = [event(kind) for _ in range(40)]  # more than are brought to a function at a time
        away = {each["ce-id"] for each in slow}
        taken = set()

        def answer(headers: dict[str, str], _: bytes) -> int:
            if headers["ce-id"] in away:
                return 503
            taken.add(headers["ce-id"])
            return 204

        functions.answers[name] = answer
        async with broker(server, functions, [Trigger(name, kind)]) as front:
            await ready(front)
            await asyncio.gather(*(front.post(each) for each in slow))
            await front.post(said := event(kind))
            await eventually(lambda: taken == {said["ce-id"]})
            away.clear()
            await eventually(lambda: taken == {each["ce-id"] for each in (*slow, said)})
            await eventually(lambda: not front.broker.dispatcher.busy)

    run(story())


def test_every_pause_is_waited_out_in_one_of_the_queues() -> None:
    assert {wait for wait in PAUSES if wait > 15} == {16, 32, 64, 120}
    assert all(waiting(wait).seconds == wait for wait in PAUSES if wait > 15)
    assert waiting(300).seconds == 120


def test_without_rabbitmq_events_are_refused_and_afterwards_taken_again(
    functions: Functions, name: str, kind: str
) -> None:
    async def story() -> None:
        with rabbitmq() as own:
            async with broker(own, functions, [Trigger(name, kind)]) as front:
                assert await front.post(event(kind)) == 503
                with started(own):
                    await ready(front)
                    assert await front.post(event(kind)) == 202
                await eventually(lambda: not front.broker.is_ready)
                assert await front.post(event(kind)) == 503

    run(story())


def test_a_restart_in_the_middle_loses_nothing(functions: Functions, name: str, kind: str) -> None:
    async def story() -> None:
        waiting = [event(kind) for _ in range(30)]
        is_open = False
        functions.answers[name] = lambda *_: 204 if is_open else 503
        with rabbitmq() as own:
            async with broker(own, functions, [Trigger(name, kind)], backoff=(0.2,) * 200) as front:
                with started(own):
                    await ready(front)
                    assert await asyncio.gather(*(front.post(said) for said in waiting)) == [202] * 30
                    await eventually(lambda: functions.calls(name))
                await eventually(lambda: not front.broker.is_ready)
                is_open = True
                functions.got.clear()
                with started(own):
                    await eventually(
                        lambda: (
                            {headers["ce-id"] for headers in functions.calls(name)}
                            == {said["ce-id"] for said in waiting}
                        )
                    )
        assert functions.calls(KEEPER) == []

    run(story())


def test_what_a_broker_that_dies_had_under_way_the_next_one_delivers(
    server: Server, functions: Functions, name: str, kind: str
) -> None:
    async def story() -> None:
        functions.answers[name] = lambda *_: 503
        async with broker(server, functions, [Trigger(name, kind)], backoff=(3600.0,)) as front:
            await ready(front)
            said = event(kind)
            await front.post(said)
            await eventually(lambda: functions.calls(name))
            front.broker.dispatcher.busy.clear()
        later = Functions()
        async with broker(server, later, [Trigger(name, kind)]):
            await eventually(lambda: later.calls(name, said["ce-id"]))

    run(story())


def test_two_brokers_share_the_work(server: Server, functions: Functions, name: str, kind: str) -> None:
    async def story() -> None:
        triggers, others = [Trigger(name, kind)], Functions()
        async with broker(server, functions, triggers) as front, broker(server, others, triggers) as second:
            await ready(front)
            await ready(second)
            said = [event(kind) for _ in range(40)]
            await asyncio.gather(*(front.post(each) for each in said))
            await eventually(lambda: len(functions.got) + len(others.got) >= 40)
            handled = [headers["ce-id"] for headers in functions.calls(name) + others.calls(name)]
            assert sorted(handled) == sorted(each["ce-id"] for each in said)
            assert functions.got
            assert others.got

    run(story())


def test_a_message_that_is_no_event_is_a_dead_letter_and_stops_nobody(
    server: Server, functions: Functions, name: str, kind: str
) -> None:
    import pika

    async def story() -> None:
        async with broker(server, functions, [Trigger(name, kind)]) as front:
            await ready(front)
            connection = pika.BlockingConnection(pika.URLParameters(server.url))
            poison = f"poison-{uuid4()}"
            connection.channel().basic_publish(
                "",
                queues([Trigger(name, kind)])[0].name,
                b"\xff\xfe",
                pika.BasicProperties(message_id=poison),
            )
            await eventually(lambda: functions.calls(KEEPER, poison))
            connection.close()
            await front.post(event(kind))
            await eventually(lambda: functions.calls(name))

    run(story())


def test_a_real_function_handles_an_event_once_however_often_it_comes(
    server: Server, functions: Functions, city: City
) -> None:
    user = UserCreated(user_id=uuid4(), email=f"{uuid4().hex}@example.org", name="Ayşe", roles=["citizen"])
    functions.answers["create-profile"] = real("create-profile")

    async def story() -> None:
        async with broker(server, functions, [Trigger("create-profile", user.type())]) as front:
            await ready(front)
            said = event(user.type(), tenantid=str(city.id), correlationid="c-1")
            body = user.model_dump_json(by_alias=True).encode()
            assert [await front.post(said, body) for _ in range(3)] == [202] * 3
            await eventually(lambda: len(functions.calls("create-profile")) == 3)
            await eventually(lambda: not front.broker.dispatcher.busy)

    run(story())
    assert city.rows("users", "SELECT name FROM profiles WHERE id = :id", id=user.user_id) == [["Ayşe"]]


def test_an_event_that_a_real_function_cannot_read_is_an_operators_letter(
    server: Server, functions: Functions, city: City
) -> None:
    functions.answers |= {"create-profile": real("create-profile"), KEEPER: real(KEEPER)}

    async def story() -> None:
        async with broker(server, functions, [Trigger("create-profile", UserCreated.type())]) as front:
            await ready(front)
            await front.post(event(UserCreated.type(), tenantid=str(city.id)), b'{"nothing": "of use"}')
            await eventually(lambda: functions.calls(KEEPER))
            await eventually(lambda: not front.broker.dispatcher.busy)

    run(story())
    [letter] = listed(city)
    assert (letter["function"], letter["status"], letter["type"]) == (
        "create-profile",
        422,
        UserCreated.type(),
    )
    assert "VALIDATION_FAILED" in letter["answer"]


def test_the_queues_are_the_triggers_of_the_cluster() -> None:
    manifests = [
        each
        for each in documents((ROOT / "knative/base/triggers.yaml").read_text("utf-8"))
        if each["kind"] == "Trigger"
    ]
    there = {
        (
            each["spec"]["subscriber"]["uri"].removeprefix("/events/"),
            each["spec"].get("filter", {}).get("attributes", {}).get("type", "*"),
        )
        for each in manifests
    }
    found = queues(load(None)[0])
    assert {(queue.function, queue.type) for queue in found} == there
    assert len({queue.name for queue in found}) == len(found) == len(manifests)
