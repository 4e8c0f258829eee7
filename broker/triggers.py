"""Which function wants which events, and which are called by the clock."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.kit.cron import is_cron
from shared.kit.settings import SettingsError

DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Trigger:
    """Bring events of this type ("*" for all) to this function."""

    name: str
    type: str
    batches: bool = False  # the function takes a CloudEvents batch, all of it or nothing
    outward: bool = False  # it waits for somebody outside, whose slowness is not the platform's


@dataclass(frozen=True, slots=True)
class Tick:
    """Call this function by the clock: five cron fields in UTC, or six with the seconds first."""

    name: str
    cron: str


class Routes:
    """The triggers, by exact event type."""

    def __init__(self, triggers: Sequence[Trigger]) -> None:
        """Index the triggers; several may want the same type."""
        wanted: dict[str, list[str]] = {}
        for trigger in triggers:
            wanted.setdefault(trigger.type, []).append(trigger.name)
        self.every = sorted(set(wanted.pop("*", [])))
        self.exact = {kind: sorted({*names, *self.every}) for kind, names in wanted.items()}
        self.batches = {trigger.name for trigger in triggers if trigger.batches}
        self.outward = {trigger.name for trigger in triggers if trigger.outward}
        self.names = sorted({name for names in (self.every, *self.exact.values()) for name in names})

    def match(self, event_type: str) -> list[str]:
        """Name the functions that want this type."""
        return self.exact.get(event_type, self.every)


def load(path: Path | None) -> tuple[list[Trigger], list[Tick]]:
    """Read triggers and ticks from a JSON file, or without one from the functions' own records."""
    if path is None:
        from shared.runtime import registry

        try:
            source: dict[str, Any] = {
                "triggers": [
                    {"name": each.name, "type": each.type, "batches": each.batches, "outward": each.outward}
                    for each in registry.triggers()
                ],
                "ticks": [{"name": each.name, "cron": each.cron} for each in registry.ticks()],
            }
        except registry.RegistryError as error:
            raise SettingsError(str(error)) from None
    else:
        source = read(path)
    try:
        triggers = [Trigger(**each) for each in source.get("triggers", [])]
        ticks = [Tick(**each) for each in source.get("ticks", [])]
    except TypeError as error:
        msg = f"{path}: a trigger is {{name, type, batches, outward}}, a tick is {{name, cron}} ({error})."
        raise SettingsError(msg) from None
    check(triggers, ticks)
    return triggers, ticks


def read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"BROKER_TRIGGERS names {path}, which cannot be read: {error}."
        raise SettingsError(msg) from None
    return found if isinstance(found, dict) else {"triggers": found}


def check(triggers: list[Trigger], ticks: list[Tick]) -> None:
    names = [*(each.name for each in triggers), *(each.name for each in ticks)]
    wrong = [name for name in names if not DNS_LABEL.fullmatch(name)]
    wrong += [f"{each.name} ({each.cron})" for each in ticks if not is_cron(each.cron)]
    if wrong:
        msg = f"Not a function's name, or not a schedule: {', '.join(wrong)}."
        raise SettingsError(msg)
