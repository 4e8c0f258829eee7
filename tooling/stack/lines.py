"""Single lines of the logs: which are wanted, and how they are shown to people and to programs."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.error import URLError
from urllib.request import urlopen

from rich.text import Text

from shared.kit.ids import PLATFORM_ID, is_id
from tooling.cli.table import printable
from tooling.command_failed import CommandFailed
from tooling.stack.ports import port

COLOURS = {"ERROR": "red", "CRITICAL": "red", "WARN": "yellow", "DEBUG": "dim"}
TROUBLE = frozenset({"WARN", "ERROR", "CRITICAL"})
TEXTS = ("timestamp", "service", "function", "tenantId", "correlationId", "exception")
PLATFORM = {str(PLATFORM_ID): "platform"}
SHOWN_ELSEWHERE = frozenset({"method", "route", "status", "durationMs", "code", "event"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to see: of one function, of one city (its id), what is not as it should be; else
    everything.

    Ticks that went well may be left out: they come all day and would bury what somebody did.
    """

    function: str | None = None
    city: str | None = None
    errors: bool = False
    quiet: bool = False

    def takes(self, line: Mapping[str, Any]) -> bool:
        """Whether this line is among it; what other programs write has no function, no city and no level."""
        return (
            self.function in {None, line.get("function")}
            and self.city in {None, line.get("tenantId")}
            and (not self.errors or line["level"] in TROUBLE)
            and not (self.quiet and is_tick_that_went_well(line))
        )


def is_tick_that_went_well(line: Mapping[str, Any]) -> bool:
    """Whether the clock called a function and that is all."""
    return line["level"] == "INFO" and str((line.get("context") or {}).get("route")).startswith("tick ")


@dataclass(slots=True)
class Cities:
    """Cities by id, as the running gateway names them, and the platform; asked once, at the first city that
    is not known.
    """

    gateway: str
    slugs: dict[str, str] = field(default_factory=PLATFORM.copy)
    asked: bool = False

    @classmethod
    def here(cls) -> Self:
        """Those of the gateway that this terminal speaks to."""
        return cls(os.environ.get("GATEWAY_URL") or f"http://127.0.0.1:{port('GATEWAY_PORT')}")

    def slug(self, tenant_id: str) -> str:
        """The city's name in addresses, or its id where nobody can say."""
        if tenant_id not in self.slugs and not self.asked:
            self.ask()
        return self.slugs.get(tenant_id, tenant_id)

    def id(self, city: str) -> str:
        """The id of a city by its slug; a CommandFailed when there is none."""
        if is_id(city):
            return city
        self.ask()
        by_slug = {slug: tenant_id for tenant_id, slug in self.slugs.items()}
        if city not in by_slug:
            there = (
                ", ".join(sorted(by_slug))
                or "nobody can say which there are, since the gateway does not answer"
            )
            raise CommandFailed(f"There is no city {city}: {there}.")
        return by_slug[city]

    def ask(self) -> None:
        """Ask the gateway; without it ids are shown."""
        self.asked = True
        try:
            with urlopen(f"{self.gateway}/api/cities?limit=100", timeout=2) as answer:  # noqa: S310 (our own address)
                self.slugs |= {city["id"]: city["slug"] for city in json.load(answer)["items"]}
        except (URLError, OSError, ValueError, KeyError):
            return


def read(source: str, text: str) -> dict[str, Any]:
    """A line as an object: our own, or one around what another program wrote."""
    try:
        line = json.loads(text)
    except ValueError:
        line = None
    return line if is_ours(line) else {"level": "INFO", "service": source, "message": text, "context": {}}


def is_ours(line: Any) -> bool:
    """Whether it has the shape of our lines: JSON of others may call anything `level` or `context`."""
    return (
        isinstance(line, dict)
        and isinstance(line.get("level"), str)
        and isinstance(line.get("message"), str)
        and isinstance(line.get("context", {}), dict)
        and all(isinstance(line.get(name, ""), str) for name in TEXTS)
    )


def for_people(line: Mapping[str, Any], cities: Cities) -> Text:
    """One line in columns: when, how bad, where, what, and what else is known; a traceback below it."""
    context: dict[str, Any] = line.get("context", {})
    text = Text().append(f"{printable(line.get('timestamp', '')[11:23]):13}", "dim")
    text.append(f"{printable(line['level']):6}", COLOURS.get(line["level"], ""))
    text.append(f"{printable(line.get('function') or line.get('service', '')):26} ", "cyan")
    text.append(printable(line["message"]))
    for part in details(line, context, cities):
        text.append(f"  {printable(part)}", "dim")
    if "exception" in line:
        text.append(
            "\n" + "\n".join(f"    {printable(each)}" for each in line["exception"].splitlines()), "dim"
        )
    return text


def details(line: Mapping[str, Any], context: Mapping[str, Any], cities: Cities) -> list[str]:
    """The facts behind a line, short ones first."""
    duration = context.get("durationMs")
    took = [f"{duration:g} ms"] if isinstance(duration, int | float) else []
    city = [cities.slug(line["tenantId"])] if line.get("tenantId") else []
    others = [f"{name}={value}" for name, value in context.items() if name not in SHOWN_ELSEWHERE]
    chain = [f"chain {line['correlationId']}"] if line.get("correlationId") else []
    named = [str(context[name]) for name in ("code", "event") if name in context]
    return [*took, *named, *city, *others, *chain]
