"""What there is in RabbitMQ: one exchange that looks at an event's type, a queue per trigger, and one for what has died."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tooling.broker.triggers import Trigger

EXCHANGE, DEAD = "heidi", "heidi.dead"
KEEPER = "keep-dead-letter"
QUORUM = {"x-queue-type": "quorum"}
CRASHES = 20  # as often a message may come back from a dispatcher that died with it


@dataclass(frozen=True, slots=True)
class Queue:
    """Brings events of one type ("*" for all) to one function; what has died waits for its keeper as long as it takes."""

    name: str
    function: str
    type: str

    @property
    def gives_up(self) -> bool:
        """Whether there is somewhere to put what the function does not take."""
        return self.name != DEAD

    @property
    def arguments(self) -> dict[str, Any]:
        """How it is declared."""
        return QUORUM | (
            {"x-dead-letter-exchange": DEAD, "x-delivery-limit": CRASHES} if self.gives_up else {}
        )

    @property
    def binding(self) -> dict[str, str]:
        """Which events it gets: those of its type, or all (an empty condition is always true)."""
        return {"x-match": "all"} | ({} if self.type == "*" else {"type": self.type})


def queues(triggers: Iterable[Trigger]) -> list[Queue]:
    """A queue for each function and type, as there is a Trigger for each in a cluster."""
    return [
        Queue(
            f"{each.name}.{'every' if each.type == '*' else each.type.removeprefix('app.heidi.')}",
            each.name,
            each.type,
        )
        for each in triggers
    ]


BURIED = Queue(DEAD, KEEPER, "*")
