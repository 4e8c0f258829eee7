"""The window of a queue that lives in Postgres: whatever the order of things, nothing is forgotten."""

from random import Random

import pytest

from broker import lane
from broker.event import Event
from broker.lane import Lane
from broker.store import Delivery

STEPS = ("store", "offer", "ask", "read", "take", "finish", "die", "replay")


class World:
    """A lane, the table behind it, and what is on its way between them."""

    def __init__(self) -> None:
        self.lane = Lane("f")
        self.table: set[int] = set()
        self.dead: set[int] = set()
        self.on_hand: list[int] = []
        self.unoffered: list[int] = []
        self.asked: tuple[int, int] | None = None
        self.page: list[Delivery] | None = None
        self.last = 0

    def store(self) -> None:
        self.last += 1
        self.table.add(self.last)
        self.unoffered.append(self.last)

    def offer(self) -> None:
        if self.unoffered:
            seq = self.unoffered.pop(0)
            if self.lane.offer(delivery(seq)):
                self.on_hand.append(seq)

    def ask(self) -> None:
        if self.asked is None and self.lane.wants_to_load:
            self.asked = self.lane.start_loading()

    def read(self) -> None:
        if self.asked is not None and self.page is None:
            self.page = [delivery(seq) for seq in sorted(self.table) if seq > self.asked[0]][:3]

    def take(self) -> None:
        if self.asked is not None and self.page is not None:
            self.on_hand += [each.seq for each in self.lane.take_page(self.page, *self.asked)]
            self.asked = self.page = None

    def finish(self) -> int | None:
        if not self.on_hand:
            return None
        seq = self.on_hand.pop(0)
        self.table.remove(seq)
        self.take()  # a page that was read before is also handed over before
        self.lane.let_go(seq)
        return seq

    def die(self) -> None:
        seq = self.finish()
        if seq is not None:
            self.dead.add(seq)

    def replay(self) -> None:
        back, self.dead = self.dead, set()
        self.table |= back
        self.take()
        for seq in back:
            self.lane.rewind(seq, seq)

    def drain(self) -> None:
        while self.unoffered:
            self.offer()
        while self.asked is not None or self.lane.wants_to_load or self.on_hand:
            for step in (self.ask, self.read, self.take, self.finish):
                step()


def delivery(seq: int) -> Delivery:
    return Delivery("f", seq, Event("/s", str(seq), "t", {}, b"xx"), 0.0)


@pytest.mark.parametrize("seed", range(10))
def test_every_row_is_delivered_and_none_is_in_memory_twice(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain random walks: each has its own habits, which reaches corners that evenly mixed steps do not."""
    for run in range(300):
        walk = Random(seed * 300 + run)
        monkeypatch.setattr(lane, "WINDOW", walk.randint(1, 8))
        habits = [walk.random() ** 3 for _ in STEPS]
        world = World()
        for step in walk.choices(STEPS, habits, k=100):
            getattr(world, step)()
            assert len(world.on_hand) == len(set(world.on_hand))
            assert set(world.on_hand) <= world.table
        world.drain()
        assert (world.table, world.lane.held, world.lane.held_bytes) == (set(), {}, 0)


def test_what_is_stored_while_an_empty_page_is_on_its_way_is_not_forgotten() -> None:
    world = World()
    for step in (
        "store offer " * 3 + "finish die finish replay ask read take finish ask read store offer take"
    ).split():
        getattr(world, step)()
    world.drain()
    assert world.table == set()
