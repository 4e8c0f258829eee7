"""Dead letters go to the platform's own store, as in a cluster; until it has them, they are rows of the
broker.
"""

import base64
import logging

from broker import sql
from broker.clock import Clock, until
from broker.event import Event
from broker.outcome import Outcome, Verdict
from broker.session import Lost, Refused
from broker.store import Store
from broker.subscriber import Subscribers

LOOK_EVERY = 1.0
LONGEST = 60.0  # seconds between two attempts, for as many hours as it takes
ANSWER_BYTES = 700  # of what a function said; in base64 that fits an attribute
log = logging.getLogger("heidi.broker")


class Undertaker:
    """Hands dead letters over to the function that keeps them, the oldest first; one that it refuses stays,
    and waits.
    """

    def __init__(
        self, store: Store, subscribers: Subscribers, clock: Clock, keeper: str, functions: str
    ) -> None:
        self.store, self.subscribers, self.clock, self.keeper = store, subscribers, clock, keeper
        self.functions = functions.rstrip("/")
        self.wait = LOOK_EVERY

    async def work(self) -> None:
        """Look again and again until cancelled; without a keeper there is nothing to do."""
        while self.keeper:
            await self.store.wait_ready()
            try:
                well = await self.round()
            except (Lost, Refused) as error:
                log.warning("cannot read the dead letters: %s", error)
                well = False
            self.wait = LOOK_EVERY if well else min(self.wait * 2, LONGEST)
            await until(self.clock, self.clock.now() + self.wait)

    async def round(self) -> bool:
        """Offer every letter once; whether all were taken."""
        after, well = 0, True
        while rows := await self.store.book(sql.TO_HAND_OVER, after=after):
            for after, trigger, code, reason, *event in rows:
                letter = buried(
                    Event(*event),
                    f"{self.functions}/function/{trigger}",
                    Outcome(Verdict.DEAD, code, reason),
                )
                outcome = await self.subscribers.deliver(self.keeper, letter)
                if outcome.verdict is Verdict.DONE:
                    await self.store.book(sql.HANDED_OVER, id=after)
                elif outcome.verdict is Verdict.DEAD:
                    log.error(
                        "a dead letter is refused", extra={"context": {"letter": after, "code": outcome.code}}
                    )
                    well = False
                else:
                    return False
        return well


def buried(event: Event, destination: str, outcome: Outcome) -> Event:
    """The same event with what Knative says of a failure: where, with which status, and what was answered."""
    failure = {
        "knativeerrordest": destination,
        "knativeerrorcode": str(outcome.code or 500),
        "knativeerrordata": base64.b64encode(outcome.reason.encode()[:ANSWER_BYTES]).decode(),
    }
    return Event(event.source, event.id, event.type, event.attributes | failure, event.data)
