"""Events are a promise: a field that was said once is said for ever; new ones have a default for those who do not say it."""

import importlib
import json
import os
import pkgutil
from pathlib import Path
from typing import Any

import events
from events.base import AnyEvent, Event

SNAPSHOT = Path(__file__).parent / "events.json"
for module in pkgutil.iter_modules(events.__path__):
    importlib.import_module(f"events.{module.name}")
EVENTS = {event.type(): event for event in Event.__subclasses__() if event is not AnyEvent}


def schema(event: type[Event]) -> dict[str, Any]:
    """Field → JSON schema without titles and descriptions."""
    made = event.model_json_schema(by_alias=True)
    return {
        name: {k: v for k, v in field.items() if k not in ("title", "description", "default")}
        for name, field in made["properties"].items()
    }


def now() -> dict[str, Any]:
    return {
        type_: {"version": event.version, "fields": schema(event)} for type_, event in sorted(EVENTS.items())
    }


def before() -> dict[str, Any]:
    """What was promised; HEIDI_PROMISE=1 writes today's events down, after which they are promised too."""
    if os.environ.get("HEIDI_PROMISE"):
        SNAPSHOT.write_text(json.dumps(now(), indent=1, ensure_ascii=False) + "\n")
    snapshot: dict[str, Any] = json.loads(SNAPSHOT.read_text())
    return snapshot


def test_no_event_and_no_field_has_vanished_or_changed() -> None:
    for type_, promised in before().items():
        assert type_ in EVENTS, f"{type_} is not said any more; consumers wait for it"
        fields = schema(EVENTS[type_])
        for name, shape in promised["fields"].items():
            assert fields.get(name) == shape, f"{type_}.{name} has changed; make a new field, or a new event"


def test_a_field_that_came_later_has_a_default() -> None:
    for type_, promised in before().items():
        required = set(EVENTS[type_].model_json_schema(by_alias=True).get("required", ()))
        assert not required - set(promised["fields"]), (
            f"{type_} requires fields that older senders do not say"
        )


def test_what_is_said_today_is_promised() -> None:
    assert now() == before(), (
        "write the new events down: HEIDI_PROMISE=1 ./heidi test tests/contract/test_events.py"
    )


def test_every_event_has_its_own_type() -> None:
    assert len(EVENTS) == len([event for event in Event.__subclasses__() if event is not AnyEvent])
