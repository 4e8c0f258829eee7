"""In a cluster no event vanishes: Knative's dispatcher, the real internal gateway, real functions."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from events.auth import UserCreated
from shared.kit.cloudevents import Envelope
from tests.city.factories import registered
from tests.deploy.caddy import INTERNAL, NAMESPACE, TOKEN, Cluster, caddy
from tests.deploy.dispatcher import Dispatcher
from tests.gateway.support import Listener
from tests.platform.letters import listed
from tests.support import City
from tooling.stack.ports import free_port

KEEPER = "keep-dead-letter"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster.started(
        tmp_path_factory.mktemp("cluster"), "find-tenant", "create-profile", KEEPER
    ) as started:
        yield started


@pytest.fixture
def home(city: City) -> Iterator[City]:
    """A city that functions in other processes find, too."""
    with registered(city) as made:
        yield made


@pytest.fixture
def dispatcher(cluster: Cluster) -> Dispatcher:
    return Dispatcher(f"http://127.0.0.1:{cluster.events}")


@pytest.fixture
def stranger(cluster: Cluster, tmp_path: Path) -> Iterator[str]:
    """The same gateway with a token that no function knows, as in the middle of a change of it."""
    port = free_port()
    with caddy(
        INTERNAL,
        tmp_path,
        port,
        HEIDI_PLATFORM="knative",
        HEIDI_UPSTREAM=f"127.0.0.1:{cluster.ingress}",
        BROKER_TOKEN="another" * 9,
        HEIDI_NAMESPACE=NAMESPACE,
        EVENTS_PORT=str(port),
        INSIDE_PORT=str(free_port()),
    ):
        yield f"http://127.0.0.1:{port}"


def event(home: City, data: str = "{}") -> tuple[dict[str, str], bytes]:
    """Somebody has an account now; without more data that cannot be."""
    made = Envelope(
        str(uuid4()), "/heidi/auth", UserCreated.type(), datetime.now(UTC), home.id, "c-1", "", ""
    )
    return made.headers(), data.encode()


def test_what_can_never_succeed_is_a_letter_at_once_that_says_why(dispatcher: Dispatcher, home: City) -> None:
    dispatcher.dispatch("create-profile", *event(home))
    assert dispatcher.calls == [("create-profile", 204)]
    [letter] = listed(home)
    assert (letter["function"], letter["status"], letter["type"]) == (
        "create-profile",
        422,
        UserCreated.type(),
    )
    assert "VALIDATION_FAILED" in letter["answer"]


def test_an_event_that_is_handled_makes_no_letter(dispatcher: Dispatcher, home: City) -> None:
    user = UserCreated(user_id=uuid4(), email=f"{uuid4().hex}@example.org", name="Ayşe", roles=["citizen"])
    dispatcher.dispatch("create-profile", *event(home, user.model_dump_json(by_alias=True)))
    assert dispatcher.calls == [("create-profile", 204)]
    assert listed(home) == []
    assert home.rows("users", "SELECT name FROM profiles WHERE id = :id", id=user.user_id) == [["Ayşe"]]


def test_while_the_token_is_being_changed_events_wait(
    dispatcher: Dispatcher, home: City, stranger: str
) -> None:
    right, dispatcher.url = dispatcher.url, stranger

    def mended(_: float) -> None:
        if len(dispatcher.calls) == 10:
            dispatcher.url = right

    dispatcher.wait = mended
    dispatcher.dispatch("create-profile", *event(home))
    assert dispatcher.calls == [("create-profile", 541)] * 10 + [("create-profile", 204)]
    assert len(listed(home)) == 1


def test_what_was_refused_for_more_than_an_hour_is_a_letter_with_its_true_status(
    dispatcher: Dispatcher, home: City, stranger: str
) -> None:
    right, dispatcher.url = dispatcher.url, stranger
    headers, body = event(home)
    # whose letter is refused, too: this one is lost after a day
    dispatcher.dispatch("create-profile", headers, body)
    assert (dispatcher.lost, dispatcher.waited > 20 * 3600) == ([headers["ce-id"]], True)
    dispatcher.url = right
    dispatcher.bury(
        headers
        | {
            "ce-knativeerrordest": "http://internal-gateway-events/events/create-profile",
            "ce-knativeerrorcode": "541",
        },
        body,
    )
    assert [(each["status"], each["function"]) for each in listed(home)] == [(401, "create-profile")]


def test_an_hour_without_the_functions_loses_nothing(dispatcher: Dispatcher, home: City) -> None:
    right, dispatcher.url = dispatcher.url, f"http://127.0.0.1:{free_port()}"  # where nobody listens

    def passes(_: float) -> None:
        if dispatcher.waited >= 3600:
            dispatcher.url = right

    dispatcher.wait = passes
    dispatcher.dispatch("create-profile", *event(home))
    assert {status for _, status in dispatcher.calls[:-1]} == {-1}
    assert dispatcher.calls[-1] == ("create-profile", 204)
    assert dispatcher.lost == []
    assert len(listed(home)) == 1


def test_a_function_that_is_not_there_makes_a_letter_in_the_end(dispatcher: Dispatcher, home: City) -> None:
    dispatcher.dispatch("follow-roles", *event(home))
    assert dispatcher.calls == [("follow-roles", 404)] * 101 + [(KEEPER, 204)]
    assert [(each["status"], each["function"]) for each in listed(home)] == [(404, "follow-roles")]


def test_a_letter_that_cannot_be_kept_is_no_success(home: City, tmp_path: Path) -> None:
    with Cluster.started(tmp_path, "find-tenant", "create-profile") as without:
        dispatcher = Dispatcher(f"http://127.0.0.1:{without.events}")
        assert dispatcher.post("create-profile", *event(home)) == 503


def test_who_sends_a_letter_again_gets_the_functions_own_answer(cluster: Cluster, home: City) -> None:
    headers, body = event(home)
    assert (
        httpx.post(
            f"http://127.0.0.1:{cluster.events}/replays/create-profile", content=body, headers=headers
        ).status_code
        == 422
    )
    assert listed(home) == []


@pytest.mark.parametrize(
    ("answered", "told"),
    [
        (200, 200),
        (204, 204),
        (400, 540),
        (401, 541),
        (403, 543),
        (404, 404),
        (405, 545),
        (408, 408),
        (409, 409),
        (410, 550),
        (413, 553),
        (418, 558),
        (422, 562),
        (429, 429),
        (431, 571),
        (451, 591),
        (500, 500),
        (502, 502),
        (503, 503),
    ],
)
def test_the_dispatcher_never_hears_a_status_that_it_would_take_for_success(
    tmp_path: Path, answered: int, told: int
) -> None:
    port = free_port()
    with (
        Listener.open(answered) as listener,
        caddy(
            INTERNAL,
            tmp_path,
            port,
            HEIDI_PLATFORM="openfaas",
            HEIDI_UPSTREAM=listener.url.split("/")[2],
            BROKER_TOKEN=TOKEN,
            EVENTS_PORT=str(port),
            INSIDE_PORT=str(free_port()),
        ),
    ):
        for door, heard in (("events", told), ("replays", answered)):
            assert (
                httpx.post(f"http://127.0.0.1:{port}/{door}/send-email", content=b"{}").status_code == heard
            )
        assert [headers.get("x-heidi-letters") for headers, _ in listener.heard] == ["function", None]
