"""Slots: so many at once on a machine, and nobody has them all."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from uuid import uuid4

import pytest

from shared.errors import Busy
from shared.kit.shares import Whose
from shared.kit.slots import Slots

LONG = 240.0
ADA, BEN, EVE = Whose("altstadt", "ada"), Whose("altstadt", "ben"), Whose("altstadt", "eve")
ZOE = Whose("neustadt", "zoe")


class Crowd:
    """People who take slots and keep them until they are told to go."""

    def __init__(self, slots: Slots) -> None:
        self.slots, self.threads, self.served = slots, ThreadPoolExecutor(16), list[Whose]()
        self.leave: dict[Whose, Event] = {}

    def comes(self, whose: Whose) -> "Future[None]":
        """Somebody comes, and is in the line when this returns."""
        before = len(self.slots.line)
        self.leave.setdefault(whose, Event())
        coming = self.threads.submit(self.stays, whose)
        until(lambda: len(self.slots.line) > before or coming.done())
        return coming

    def stays(self, whose: Whose) -> None:
        with self.slots.taken(LONG, whose):
            self.served.append(whose)
            self.leave[whose].wait()

    def goes(self, whose: Whose) -> None:
        self.leave[whose].set()


@pytest.fixture
def crowd() -> Iterator[Callable[..., Crowd]]:
    with ExitStack() as after:

        def made(at_once: int, queue: int, each: int = 0) -> Crowd:
            crowd = Crowd(Slots(f"test-{uuid4()}", at_once, queue, each))
            after.callback(crowd.threads.shutdown)
            after.callback(lambda: [event.set() for event in crowd.leave.values()])
            return crowd

        yield made


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_so_many_work_so_many_wait_and_whoever_comes_then_is_told_at_once(
    crowd: Callable[..., Crowd],
) -> None:
    people = crowd(1, 1)
    nobody = Whose()
    first, second = people.comes(nobody), people.comes(nobody)
    with pytest.raises(Busy):
        people.comes(nobody).result(LONG)
    until(lambda: len(people.served) == 1)
    assert sum(place.works for place in people.slots.line) == 1
    people.goes(nobody)
    first.result(LONG)
    second.result(LONG)
    assert len(people.served) == 2


def test_a_person_has_one_that_works_and_one_that_waits(crowd: Callable[..., Crowd]) -> None:
    people = crowd(1, 9)
    people.comes(ADA)
    people.comes(ADA)
    with pytest.raises(Busy):
        people.comes(ADA).result(LONG)
    people.comes(BEN)
    assert [place.whose for place in people.slots.line] == [ADA, ADA, BEN]


def test_a_city_has_no_more_places_than_are_free_and_another_one_is_served(
    crowd: Callable[..., Crowd],
) -> None:
    people = crowd(2, 4, 1)
    for whose in (ADA, ADA, BEN):
        people.comes(whose)
    with pytest.raises(Busy):
        people.comes(EVE).result(LONG)
    people.comes(ZOE)
    until(lambda: people.served == [ADA, ZOE])  # and of the first city one works, though there were two slots


def test_cities_take_turns_however_many_there_are_and_in_a_city_its_people(
    crowd: Callable[..., Crowd],
) -> None:
    people = crowd(1, 15)
    others = [Whose("weststadt", name) for name in "uvw"]
    line = [ADA, ADA, BEN, EVE, *others, ZOE]
    for whose in line:
        people.comes(whose)
    for number in range(len(line)):
        until(lambda: len(people.served) == number + 1)  # noqa: B023 (called at once)
        people.leave[people.served[number]].set()
    assert people.served[:3] == [ADA, others[0], ZOE]
    assert people.served[3:5] == [BEN, others[1]]


def test_the_next_slot_is_for_the_city_that_did_not_have_the_last_one(crowd: Callable[..., Crowd]) -> None:
    people = crowd(1, 5)
    for whose in (ADA, BEN, EVE, ZOE):
        people.comes(whose)
    people.goes(ADA)
    until(lambda: people.served == [ADA, ZOE])
    people.goes(ZOE)
    until(lambda: people.served == [ADA, ZOE, BEN])


def test_all_processes_of_a_machine_count_a_citys_share_together(crowd: Callable[..., Crowd]) -> None:
    here = crowd(2, 4, 1)
    there = Slots(here.slots.name, 2, 4, 1)  # as another process makes it
    here.comes(ADA)
    until(lambda: here.served == [ADA])
    with pytest.raises(Busy), there.taken(0.05, BEN):
        pass
    with there.taken(LONG, ZOE):
        pass
