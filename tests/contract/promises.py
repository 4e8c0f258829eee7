"""What was promised of events, and how a promise grows: it is added to, and only broken by name."""

from typing import Any

from events.base import PREFIX

Promises = dict[str, dict[str, Any]]
BREAK = "break:"


def extended(promised: Promises, said: Promises, required: dict[str, set[str]], order: str) -> Promises:
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
    kept = {type_: promise for type_, promise in promised.items() if type_ not in broken}
    grown = {
        type_: promise | {"fields": added(promise["fields"], said[type_]["fields"], required[type_])}
        for type_, promise in kept.items()
        if type_ in said
    }
    new = {type_: promise for type_, promise in said.items() if type_ not in kept}
    return dict(sorted((kept | grown | new).items()))


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
