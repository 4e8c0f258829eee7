"""What was promised of events, and how a promise grows: it is added to, and only broken by name."""

import importlib
import json
import pkgutil
import subprocess
from pathlib import Path
from typing import Any

import events
from events.base import PREFIX, AnyEvent, Event

Promises = dict[str, dict[str, Any]]
BREAK = "break:"
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


def promised() -> Promises:
    """What is written down."""
    found: Promises = json.loads(SNAPSHOT.read_text())
    return found


def kept(found: Promises) -> Promises:
    """Those that a commit has made: until then nobody has heard an event, and it may still change."""
    done = subprocess.run(
        ["git", "show", f"HEAD:./{SNAPSHOT.name}"], cwd=SNAPSHOT.parent, capture_output=True, check=False
    )
    said = set(json.loads(done.stdout)) if done.returncode == 0 else set(found)
    return {type_: promise for type_, promise in found.items() if type_ in said}


def write(order: str) -> None:
    """Write down what is said now, as the order allows."""
    snapshot = extended(kept(promised()), now(), required(), order)
    SNAPSHOT.write_text(json.dumps(snapshot, indent=1, ensure_ascii=False) + "\n")


def extended(before: Promises, said: Promises, required: dict[str, set[str]], order: str) -> Promises:
    """The promises as the order HEIDI_PROMISE makes them: `1` adds, `break:listing.created,…` also replaces
    those.

    What has vanished or changed stays as it was promised, and a new field that older senders do not say is
    not taken, so that the tests go on to fail.
    """
    broken = (
        {PREFIX + name.strip() for name in order.removeprefix(BREAK).split(",")}
        if order.startswith(BREAK)
        else set()
    )
    stands = {type_: promise for type_, promise in before.items() if type_ not in broken}
    grown = {
        type_: promise | {"fields": added(promise["fields"], said[type_]["fields"], required[type_])}
        for type_, promise in stands.items()
        if type_ in said
    }
    new = {type_: promise for type_, promise in said.items() if type_ not in stands}
    return dict(sorted((stands | grown | new).items()))


def added(promised: dict[str, Any], said: dict[str, Any], required: set[str]) -> dict[str, Any]:
    """The fields with those that came later, in the order of the event."""
    found = promised | {
        name: shape for name, shape in said.items() if name not in promised and name not in required
    }
    return {name: found[name] for name in (*said, *promised) if name in found}


def problems(promised: Promises, said: Promises, required: dict[str, set[str]]) -> list[str]:
    """A sentence for each promise that is not kept."""
    found = []
    for type_, promise in promised.items():
        if type_ not in said:
            found.append(f"{type_} is not said any more; consumers wait for it")
            continue
        fields = said[type_]["fields"]
        found += [
            f"{type_}.{name} has changed or vanished; make a new field, or a new event"
            for name, shape in promise["fields"].items()
            if fields.get(name) != shape
        ]
        found += [
            f"{type_}.{name} needs a default: older senders do not say it"
            for name in required[type_] - promise["fields"].keys()
        ]
    return found


if __name__ == "__main__":
    write("1")  # ./heidi new
