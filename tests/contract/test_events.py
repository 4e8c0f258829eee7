"""Events are a promise: a field that was said once is said for ever; new ones have a default for those who do
not say it.
"""

import os

from events.base import AnyEvent, Event
from tests.contract.promises import EVENTS, Promises, kept, now, problems, promised, required, write


def before() -> Promises:
    """What was promised; with HEIDI_PROMISE=1 what is new is written down, after which it is promised too."""
    if order := os.environ.get("HEIDI_PROMISE"):
        write(order)
    return promised()


def test_every_promise_is_kept() -> None:
    assert problems(kept(before()), now(), required()) == [], (
        "on purpose? HEIDI_PROMISE=break:listing.created, after its consumers have changed"
    )


def test_what_is_said_today_is_promised() -> None:
    assert now() == before(), (
        "write the new events down: HEIDI_PROMISE=1 ./heidi test tests/contract/test_events.py"
    )


def test_every_event_has_its_own_type() -> None:
    assert len(EVENTS) == len([event for event in Event.__subclasses__() if event is not AnyEvent])
