"""What there is in RabbitMQ: an exchange that looks at events' types, a queue per trigger, one for the dead,
some to wait in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from broker.triggers import Trigger

EXCHANGE, DEAD = "heidi", "heidi.dead"
KEEPER = "keep-dead-letter"
QUORUM = {"x-queue-type": "quorum"}
CRASHES = 20  # as often a message may come back from a dispatcher that died with it
PAUSES = (16.0, 32.0, 64.0, 120.0)  # seconds; shorter ones a dispatcher waits itself


@dataclass(frozen=True, slots=True)
class Queue:
    """Brings events of one type ("*" for all) to one function; what has died waits for its keeper as long as
    it takes.
    """

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


@dataclass(frozen=True, slots=True)
class Wait:
    """A fanout exchange and its queue, in which a message waits; then it goes back into the queue that its
    routing key names.
    """

    seconds: float

    @property
    def name(self) -> str:
        """Of both."""
        return f"heidi.later.{self.seconds:g}"

    @property
    def arguments(self) -> dict[str, Any]:
        """How the queue is declared; a message leaves it when the other queue has it."""
        return QUORUM | {
            "x-message-ttl": int(self.seconds * 1000),
            "x-dead-letter-exchange": "",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }


def waits() -> list[Wait]:
    """All of them."""
    return [Wait(seconds) for seconds in PAUSES]


def waiting(seconds: float) -> Wait:
    """Where something waits for so long, or for a little longer; at most for the longest."""
    return next((each for each in waits() if each.seconds >= seconds), waits()[-1])


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
