"""Bodies as they come in. No thread waits for one: whoever sends slowly holds a connection, for as long as
the rules here say.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from shared.errors import BodyBroken, Busy, Problem, RequestTimeout

PATIENCE = 10.0  # seconds without a byte, and the head start of slow lines
RATE = 16 * 1024  # bytes a second, after that
WITHIN = 120.0  # seconds for the whole of it: what came at once must not buy hours for the rest
SMALL = 64 * 1024  # bytes of a body that needs no second look
SHARE = 8  # one part in so many: of the room for small bodies, of each of its two parts for one address
# bytes that nobody wants are taken, so that their sender can read why (RFC 9112 §9.6)
DRAINED = 64 * 1024 * 1024
LOOK = 0.5  # seconds between two looks at who is late


class Reader:
    """Takes part after part of a body, in whichever thread of ours granian has it."""

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.size = 0
        self.since = self.heard = time.monotonic()
        self.future: Any = None  # held only while we wait: it holds us, and nothing would find that circle

    def read_on(self) -> None:
        """Ask for the next part. One that is there already is taken here: calling ourselves would go too
        deep.
        """
        goes_on = True
        while goes_on:
            future = self.protocol.receive()
            if not hasattr(future, "done"):  # granian knows without asking that the client has gone
                self.end(is_whole=False)
                return
            if not future.done():
                self.future = future
                late.watch(self)
                future.add_done_callback(self.arrived)
                return
            goes_on = self.goes_on(future.result())

    def arrived(self, future: Any) -> None:
        """The next part is here, if nobody has given it up."""
        if late.leave(self):
            self.future = None
            if self.goes_on(future.result()):
                self.read_on()

    def goes_on(self, message: dict[str, Any]) -> bool:
        """Take a part; whether another one is wanted."""
        if message["type"] != "http.request":
            self.end(is_whole=False)
            return False
        self.size += len(message["body"])
        self.heard = time.monotonic()
        if not self.take(message["body"]):
            return False
        if not message["more_body"]:
            self.end(is_whole=True)
            return False
        return True

    def take(self, part: bytes) -> bool:  # noqa: ARG002 (others keep it)
        """What becomes of a part; whether another one is wanted."""
        return True

    def end(self, *, is_whole: bool) -> None:
        """There is no more: all has come, or the client has gone."""

    def is_late(self, now: float) -> bool:
        """Whether nothing has come for a while, too little for this time, or not all of it after the longest."""
        takes = now - self.since
        return now - self.heard > PATIENCE or self.size < (takes - PATIENCE) * RATE or takes > WITHIN

    def give_up(self) -> None:
        """Read no more."""
        self.future, future = None, self.future
        future.cancel()


class Drain(Reader):
    """Takes the rest of a body that nobody wants: a connection that is closed under its sender takes our
    answer along.
    """

    def take(self, part: bytes) -> bool:  # noqa: ARG002 (as its sibling takes it)
        """Forget it."""
        return self.size < DRAINED


class Gone(Reader):
    """Notices that the client has gone."""

    def __init__(self, protocol: Any, noticed: Callable[[], None]) -> None:
        super().__init__(protocol)
        self.noticed = noticed

    def goes_on(self, message: dict[str, Any]) -> bool:
        """Whatever comes is nothing, until nobody is there."""
        if message["type"] == "http.request":
            return True
        self.noticed()
        return False

    def is_late(self, now: float) -> bool:  # noqa: ARG002 (as its sibling takes it)
        """It may stay as long as it likes."""
        return False


class Body(Reader):
    """A body that is wanted, up to so many bytes.

    One of these is called, once: `whole` with it and whether there may be more; `refuse` when it does not
    come in time, finds no room, is not well-formed, or when its sender has gone: granian does not tell these
    two apart.
    """

    def __init__(
        self,
        protocol: Any,
        wanted: int,
        held: "Held",
        whole: Callable[[bytes, bool], None],
        refuse: Callable[[Problem], None],
    ) -> None:
        super().__init__(protocol)
        self.wanted, self.held, self.parts = wanted, held, list[bytes]()
        self.whole, self.refuse = whole, refuse

    def take(self, part: bytes) -> bool:
        """Keep it."""
        if not self.held.grow(len(part)):
            self.parts.clear()
            self.refuse(Busy())
            return False
        self.parts.append(part)
        if self.size >= self.wanted:
            self.whole(b"".join(self.parts), True)
            return False
        return True

    def end(self, *, is_whole: bool) -> None:
        """Pass on what came, unless it is only a part of it."""
        if is_whole:
            self.whole(b"".join(self.parts), False)
        else:
            self.held.free()
            self.refuse(BodyBroken())

    def give_up(self) -> None:
        """It is late."""
        super().give_up()
        self.held.free()
        self.refuse(RequestTimeout())


class Pot:
    """How many bytes of bodies may be in memory at once, and which addresses have sent them.

    One address may fill a part of it, or have one body here, however large: else a small machine would take
    no upload.
    """

    def __init__(self, size: int) -> None:
        self.left, self.each, self.counting = size, size // SHARE, threading.Lock()
        self.addresses: dict[str, tuple[int, int]] = {}  # bytes and bodies of each that has any

    def take(self, address: str, size: int, *, is_new: bool) -> bool:
        """So many bytes more, of another body or of one that is here already; whether there is room for them."""
        with self.counting:
            held, bodies = self.addresses.get(address, (0, 0))
            held, bodies = held + size, bodies + is_new
            if size > self.left or (held > self.each and bodies > 1):
                return False
            self.left -= size
            self.addresses[address] = held, bodies
            return True

    def free(self, address: str, size: int) -> None:
        """A body less, of so many bytes."""
        with self.counting:
            held, bodies = self.addresses.pop(address)
            self.left += size
            if bodies > 1:
                self.addresses[address] = held - size, bodies - 1


class Room:
    """Memory for bodies. Large ones cannot fill it all: with whatever they do, calls of a few lines get
    through.
    """

    def __init__(self, size: int) -> None:
        self.small, self.large = Pot(size // SHARE), Pot(size - size // SHARE)

    @property
    def left(self) -> int:
        """How many bytes more have room."""
        return self.small.left + self.large.left

    def pot(self, size: int) -> Pot:
        """Where a body of that size is kept."""
        return self.small if size <= SMALL else self.large


class Held:
    """What one body takes of the room: what has come of it, not what it said that would come."""

    def __init__(self, room: Room, address: str, declared: int | None) -> None:
        self.room, self.address = room, address
        self.size, self.declared = 0, declared or 0
        self.pot: Pot | None = None

    def grow(self, size: int) -> bool:
        """So many bytes more; where they have no room, the others are freed, too."""
        before, size = self.size, self.size + size
        pot = self.room.pot(max(size, self.declared))
        is_new = pot is not self.pot
        if is_new:
            self.free()
        if not pot.take(self.address, size if is_new else size - before, is_new=is_new):
            self.free()
            return False
        self.pot, self.size = pot, size
        return True

    def free(self) -> None:
        """Nothing is kept any longer."""
        if self.pot:
            self.pot.free(self.address, self.size)
        self.pot, self.size = None, 0


class Late:
    """Looks after the readers that wait: those that are late give up."""

    def __init__(self) -> None:
        self.waiting: dict[Reader, bool] = {}
        self.somebody, self.starting = threading.Event(), threading.Lock()

    def watch(self, reader: Reader) -> None:
        """It waits from now on."""
        self.waiting[reader] = True
        if not self.somebody.is_set():
            self.somebody.set()
            if self.starting.acquire(blocking=False):
                threading.Thread(target=self.look, name="late", daemon=True).start()

    def leave(self, reader: Reader) -> bool:
        """It waits no longer; False when it had given up before."""
        return self.waiting.pop(reader, False)

    def look(self) -> None:
        """Look again and again, as long as somebody waits."""
        while self.somebody.wait():
            self.give_up_late(time.monotonic())
            time.sleep(LOOK)
            self.somebody.clear()
            if self.waiting:
                self.somebody.set()

    def give_up_late(self, now: float) -> None:
        """End those that are late. A connection ends with the last name for its reader: none may stay here."""
        for reader in list(self.waiting):
            if reader.is_late(now) and self.leave(reader):
                reader.give_up()


late = Late()
