"""The circuit breaker that all processes share (requirements §11.3)."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest

from shared.adapters import circuit_breaker, redis
from shared.adapters.circuit_breaker import FAULTS, PAUSE, WINDOW, Breaker, Ended
from shared.errors import Invalid, Unavailable
from shared.kit.ids import PLATFORM_ID


class Away(Unavailable):
    """The system, or its circuit, for so many seconds."""

    def __init__(self, wait: float = 0, ended: Ended | None = None) -> None:
        super().__init__(wait=wait)
        self.ended = ended


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Breaker:
    return Breaker(f"system-{uuid4()}", "account", clock=clock)


def went_through(circuit: Breaker, error: Exception | None = None) -> bool:
    """Whether a call was made; it ends with the error."""
    made = False
    try:
        with circuit.call(Away):
            made = True
            if error:
                raise error
    except (Unavailable, Invalid):
        pass
    return made


def broken(circuit: Breaker) -> None:
    for _ in range(FAULTS):
        assert went_through(circuit, Away())


def test_it_opens_after_five_faults_within_a_minute(circuit: Breaker) -> None:
    broken(circuit)
    with pytest.raises(Away) as refused, circuit.call(Away):
        pytest.fail("the call was made")
    assert refused.value.details["wait"] == PAUSE


def test_faults_that_lie_further_apart_open_nothing(circuit: Breaker, clock: Clock) -> None:
    for _ in range(FAULTS * 2):
        assert went_through(circuit, Away())
        clock.seconds += WINDOW / (FAULTS - 1) + 1


def test_what_we_did_wrong_is_no_fault_of_theirs(circuit: Breaker) -> None:
    for _ in range(FAULTS * 2):
        assert went_through(circuit, Invalid())


def test_after_the_pause_exactly_one_of_many_threads_tries(circuit: Breaker, clock: Clock) -> None:
    broken(circuit)
    clock.seconds += PAUSE + 1
    ready = Barrier(12)

    def asking(_: int) -> tuple[float, bool]:
        ready.wait()
        return circuit.ask()

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(asking, range(12)))
    assert sum(is_trial for _, is_trial in answers) == 1
    assert sum(wait == 0 for wait, _ in answers) == 1


def test_a_failed_trial_doubles_the_pause_until_ten_minutes(circuit: Breaker, clock: Clock) -> None:
    broken(circuit)
    pauses = []
    for _ in range(7):
        pauses.append(circuit.ask()[0])
        clock.seconds += pauses[-1]
        assert went_through(circuit, Away())
    assert pauses == [30, 60, 120, 240, 480, 600, 600]


def test_an_answered_trial_closes_it(circuit: Breaker, clock: Clock) -> None:
    broken(circuit)
    clock.seconds += PAUSE
    assert went_through(circuit)
    assert all(went_through(circuit) for _ in range(3))
    assert circuit_breaker.states()[circuit.dependency] == "closed"


def test_a_trial_that_never_ended_does_not_keep_it_open_for_ever(circuit: Breaker, clock: Clock) -> None:
    broken(circuit)
    clock.seconds += PAUSE
    assert circuit.ask() == (0, True)
    assert circuit.ask()[0] == circuit_breaker.TRIAL
    clock.seconds += circuit_breaker.TRIAL
    assert circuit.ask() == (0, True)


def test_an_answer_to_an_older_call_does_not_close_it(circuit: Breaker) -> None:
    with circuit.call(Away):
        broken(circuit)
    assert not went_through(circuit)


def test_too_many_requests_wait_exactly_as_long_as_they_ask(circuit: Breaker, clock: Clock) -> None:
    assert went_through(circuit, Away(ended=Ended("busy", 97)))
    assert circuit.ask()[0] == 97
    clock.seconds += 97
    assert went_through(circuit)


def test_refused_credentials_open_it_at_once_and_say_so(
    circuit: Breaker, caplog: pytest.LogCaptureFixture
) -> None:
    assert went_through(circuit, Away(ended=Ended("misconfigured")))
    assert not went_through(circuit)
    assert circuit_breaker.states()[circuit.dependency] == "misconfigured"
    assert "circuit misconfigured" in caplog.text


def test_what_is_wrong_with_one_account_says_nothing_about_another(circuit: Breaker, clock: Clock) -> None:
    broken(circuit)
    assert went_through(Breaker(circuit.dependency, "another account", clock=clock))


def test_its_accounts_secrets_are_not_in_redis() -> None:
    assert "s3cret" not in Breaker("system", "s3cret").key


def test_another_process_knows_of_it(circuit: Breaker, monkeypatch: pytest.MonkeyPatch) -> None:
    # which the other process does not know to be another
    monkeypatch.setattr(circuit_breaker, "PLATFORM_ID", PLATFORM_ID)
    live = Breaker(circuit.dependency, "live")
    for _ in range(FAULTS):
        live.tell(Ended("fault"))
    asking = f"from shared.adapters.circuit_breaker import Breaker; print(Breaker({circuit.dependency!r}, 'live').ask()[0] > 0)"
    asked = subprocess.run([sys.executable, "-P", "-c", asking], check=True, capture_output=True, text=True)
    assert asked.stdout.strip() == "True"


def test_without_redis_every_call_goes_through_and_redis_is_left_alone_for_a_moment(
    circuit: Breaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def away(*words: object) -> None:
        asked.append(words)
        raise Unavailable(dependency="redis")

    monkeypatch.setattr(redis, "command", away)
    monkeypatch.setattr(circuit_breaker, "unseen_until", 0.0)
    assert all(went_through(circuit, Away()) for _ in range(FAULTS * 2))
    assert len(asked) == 1


def test_faults_that_take_long_open_a_circuit_sooner(
    circuit: Breaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit_breaker, "SLOW", 0.0)
    assert [went_through(circuit, Away()) for _ in range(4)] == [True, True, True, False]
