"""A new event, in the file of its service or module; and what an event that is there wants to be told."""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import events
from events.base import Event
from tooling.command_failed import CommandFailed
from tooling.new.fields import Field
from tooling.new.place import Place
from tooling.new.plan import Plan
from tooling.new.words import CLASS, article, snake, spoken

REQUESTED = "NotificationRequested"
WHOM = ("created_by", "user_id", "contributor_id", "person_id")


@lru_cache(1)
def known() -> dict[str, type[Event]]:
    """Every event by its class's name."""
    for module in pkgutil.walk_packages(events.__path__, "events."):
        importlib.import_module(module.name)
    return {event.__name__: event for event in Event.__subclasses__()}


def event(plan: Plan, place: Place, name: str, lines: Sequence[str]) -> None:
    """Write one; a CommandFailed where its name or its topic is taken, or its name says no noun and verb."""
    if not CLASS.fullmatch(name) or "_" not in snake(name):
        raise CommandFailed(f"{name!r} is no event: write what happened to what, DefectReported.")
    subject, _, happened = snake(name).rpartition("_")
    topic = f"{subject}.{happened}"
    taken = {each.topic for each in known().values()} | {
        each for text in plan.files.values() for each in text.split('"')
    }
    if name in known() or topic in taken:
        raise CommandFailed(f"There is an event {name} already, or one of the topic {topic}.")
    if place.module:
        plan.ensure(Path("events", place.service, "__init__.py"), "package", what="What modules tell others")
    whose = f"{place.module} module" if place.module else f"{place.service} service"
    plan.ensure(place.events, "events", whose=spoken(whose))
    sentence = f"{article(subject).capitalize()} was {spoken(happened)}"
    plan.append(place.events, "event", name=name, sentence=sentence, topic=topic, lines=list(lines))
    plan.left.append(
        f"{place.events}: only ids and what listeners need; what is promised once stays for ever"
    )


def lines_of(fields: Sequence[Field]) -> list[str]:
    """Fields as an event says them, those that may be left out last."""
    return [f"{each.name}: {each.event}" for each in sorted(fields, key=lambda each: each.optional)]


def said(name: str, values: Mapping[str, str]) -> str:
    """`ctx.emit(…)` of an event that is there, from what is known here; else a CommandFailed."""
    found = known()[name]
    fields = found.model_fields
    if name == REQUESTED:
        return requested(values)
    if lacking := [key for key, field in fields.items() if field.is_required() and key not in values]:
        raise CommandFailed(f"{name} says {', '.join(lacking)}, which is not known here; say another event.")
    return emitted(name, {key: values[key] for key in fields if key in values})


def emitted(name: str, arguments: Mapping[str, str]) -> str:
    """The statement."""
    return f"ctx.emit({name}({', '.join(f'{key}={value}' for key, value in arguments.items())}))"


def requested(values: Mapping[str, str]) -> str:
    """A push to whoever made the thing."""
    if not (whom := next((values[key] for key in WHOM if key in values), "")):
        raise CommandFailed(
            f"{REQUESTED} goes to a person, and none is known here. To everybody with a role: docs/guides/messages.md."
        )
    template = values["template"]
    arguments = {
        "notification_id": "new_id()",
        "channel": '"push"',
        "template": f'"{template}"',
        "kind": f'"{values["kind"]}"',
        "user_id": whom,
        "values": f'{{"city": ctx.tenant.name, "what": {values["what"]}}}',
    }
    return emitted(REQUESTED, arguments)
