"""Events are a promise: a field that was said once is said for ever; new ones have a default for those who do
not say it.
"""

import importlib
import json
import os
import pkgutil
from pathlib import Path
from typing import Any

import events
from events.base import AnyEvent, Event
from tests.contract.promises import Promises, extended, problems

SNAPSHOT = Path(__file__).parent / "events.json"
for module in pkgutil.walk_packages(events.__path__, "events."):
    importlib.import_module(module.name)
EVENTS = {event.type(): event for event in Event.__subclasses__() if event is not AnyEvent}


def schema(event: type[Event]) -> dict[str, Any]:
    """Field → JSON schema without titles and descriptions."""
    made = event.model_json_schema(by_alias=True)
    return {
        name: {k: v for k, v in field.items() if k not in ("title", "description", "default")}
        for name, field in made["properties"].items()
    }


def now() -> Promises:
    return {
        type_: {"version": event.version, "fields": schema(event)} for type_, event in sorted(EVENTS.items())
    }


def required() -> dict[str, set[str]]:
    """The fields of each event that have no default."""
    return {
        type_: set(event.model_json_schema(by_alias=True).get("required", ()))
        for type_, event in EVENTS.items()
    }


def before() -> Promises:
    """What was promised; with HEIDI_PROMISE=1 what is new is written down, after which it is promised too."""
    snapshot: Promises = json.loads(SNAPSHOT.read_text())
    if order := os.environ.get("HEIDI_PROMISE"):
        snapshot = extended(snapshot, now(), required(), order)
        SNAPSHOT.write_text(json.dumps(snapshot, indent=1, ensure_ascii=False) + "\n")
    return snapshot


def test_every_promise_is_kept() -> None:
    assert problems(before(), now(), required()) == [], (
        "on purpose? HEIDI_PROMISE=break:listing.created, after its consumers have changed"
    )


def test_what_is_said_today_is_promised() -> None:
    assert now() == before(), (
        "write the new events down: HEIDI_PROMISE=1 ./heidi test tests/contract/test_events.py"
    )


def test_every_event_has_its_own_type() -> None:
    assert len(EVENTS) == len([event for event in Event.__subclasses__() if event is not AnyEvent])
