"""The places in which a process runs functions (shared/runtime/server.py)."""

from types import SimpleNamespace

import pytest

from shared.kit.record import camel
from shared.runtime import server
from shared.runtime.server import Slots


@pytest.fixture
def busy() -> Slots:
    """One place, which is taken."""
    slots = Slots(1)
    slots.free = 0
    return slots


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long somebody slept; it is half past a second."""
    found: list[float] = []
    monkeypatch.setattr(server, "time", SimpleNamespace(monotonic=lambda: 7.5, sleep=found.append))
    return found


def test_what_breaks_gives_its_place_back_and_the_next_one_is_done() -> None:
    slots, done = Slots(1), []

    def breaks() -> None:
        slots.waiting.append(lambda: done.append(True))
        raise SystemExit

    assert slots.run(breaks)
    assert (done, slots.free) == ([True], 1)


def test_the_spare_thread_takes_in_no_more_for_a_moment_while_others_get_on(
    busy: Slots, slept: list[float]
) -> None:
    busy.get_on = True
    assert busy.run(lambda: None)
    assert slept == [server.PAUSE]


def test_it_goes_on_where_nothing_was_done_since(busy: Slots, slept: list[float]) -> None:
    assert busy.run(lambda: None)
    assert slept == []


def test_at_the_beginning_of_a_second_all_that_has_come_is_taken_in_and_too_much_is_refused(
    busy: Slots, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.runtime.server.time.monotonic", lambda: 7.01)
    busy.get_on = True
    assert [busy.run(lambda: None) for _ in range(server.WAITING + 1)] == [True] * server.WAITING + [False]
    assert slept == []


def test_names_that_strangers_give_are_not_remembered() -> None:
    assert not hasattr(camel, "cache_info")
