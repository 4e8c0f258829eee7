"""Things of which nobody holds more than are still free: one party can never take what another comes for.

With sixteen, a single city gets eight, a second one then four: whoever comes next finds one, however many the
first has asked for (the dynamic threshold of Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2),
1998).
"""

import threading
from typing import NamedTuple


class Whose(NamedTuple):
    """For whom: a city, say, and a person in it (or the address of a guest); who is not named has no share to
    keep to.
    """

    party: str = ""
    person: str = ""


NOBODYS = Whose()


class Shares:
    """So many things for all parties together; the empty name is nobody's, and has no share to keep to."""

    def __init__(self, size: int) -> None:
        self.free = size
        self.held: dict[str, int] = {}
        self.waiting = 0
        self.changing = (
            threading.RLock()
        )  # a Condition would be entered in Python; a finaliser may enter it again
        self.changed = threading.Condition(self.changing)

    def take(self, party: str, patience: float) -> bool:
        """Take one, if there is one for this party within so many seconds."""
        with self.changing:
            if not self.is_there(party) and not self.comes(party, patience):
                return False
            self.free -= 1
            if party:
                self.held[party] = self.held.get(party, 0) + 1
            return True

    def is_there(self, party: str) -> bool:
        """Whether one is free for this party."""
        return self.free > self.held.get(party, 0)

    def comes(self, party: str, patience: float) -> bool:
        """Whether one becomes free for this party within so many seconds."""
        self.waiting += 1
        try:
            return self.changed.wait_for(lambda: self.is_there(party), patience)
        finally:
            self.waiting -= 1

    def give_back(self, party: str) -> None:
        """What was taken for this party is free again."""
        with self.changing:
            self.free += 1
            if party:
                self.held[party] -= 1
                if not self.held[party]:
                    del self.held[party]
            if self.waiting:
                self.changed.notify_all()
