"""One function's queue: a window of it in memory, the rest in Postgres."""

from collections import deque

from broker.store import Delivery

WINDOW = 4_000
WINDOW_BYTES = 8 * 1_048_576
TOGETHER = 100
TOGETHER_BYTES = 524_288


class Lane:
    """Deliveries of one trigger.

    `held` are the sequence numbers in memory, from loading until their end is written down. `loaded_to` is
    the last one that was loaded and `newest` the last one known to exist: while it is further, the lane
    continues from Postgres.
    """

    def __init__(self, trigger: str, *, batches: bool = False, outward: bool = False) -> None:
        self.trigger, self.batches, self.outward = trigger, batches, outward
        self.ready: deque[Delivery] = deque()
        self.held: dict[int, int] = {}
        self.in_flight = 0
        self.loading = False
        self.waits_for_its_turn = False
        self.held_bytes = 0
        self.loaded_to = 0
        self.newest = 0

    @property
    def wants_to_load(self) -> bool:
        """Whether there is more in Postgres and the window is empty enough to make a page worth its query."""
        room = len(self.held) <= WINDOW // 2 and self.held_bytes <= WINDOW_BYTES // 2
        return self.newest > self.loaded_to and room and not self.loading

    def offer(self, delivery: Delivery) -> bool:
        """Take a delivery that was just stored, unless older ones come first or the window is full."""
        up_to_date = self.newest <= self.loaded_to < delivery.seq
        self.newest = max(self.newest, delivery.seq)
        if not up_to_date or len(self.held) >= WINDOW or self.held_bytes >= WINDOW_BYTES:
            return False
        self.loaded_to = delivery.seq
        return self.hold(delivery)

    def take(self) -> list[Delivery]:
        """Take what is brought next: one delivery, or with a function that takes batches as many as there
        are.
        """
        found = [self.ready.popleft()]
        size = len(found[0].event.data)
        while (
            self.ready
            and self.batches
            and len(found) < TOGETHER
            and not (found[0].alone or self.ready[0].alone)
        ):
            size += len(self.ready[0].event.data)
            if size > TOGETHER_BYTES:
                break
            found.append(self.ready.popleft())
        return found

    def rewind(self, first: int, last: int) -> None:
        """Look again at what Postgres has between these; what is in memory stays there once."""
        self.loaded_to = min(self.loaded_to, first - 1)
        self.newest = max(self.newest, last)

    def start_loading(self) -> tuple[int, int]:
        """Say after what to load, and what will have been in reach of that query."""
        self.loading = True
        return self.loaded_to, self.newest

    def take_page(self, page: list[Delivery], after: int, in_reach: int) -> list[Delivery]:
        """Take what was loaded; an empty page means that everything in reach of its query has been seen."""
        self.loading = False
        if self.loaded_to == after:  # not rewound meanwhile
            self.loaded_to = page[-1].seq if page else in_reach
        return [delivery for delivery in page if self.hold(delivery)]

    def let_go(self, seq: int) -> None:
        """Forget a delivery whose end is written down."""
        self.held_bytes -= self.held.pop(seq, 0)

    def hold(self, delivery: Delivery) -> bool:
        if delivery.seq in self.held:
            return False
        self.held[delivery.seq] = len(delivery.event.data)
        self.held_bytes += len(delivery.event.data)
        return True
