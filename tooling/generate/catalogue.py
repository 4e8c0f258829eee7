"""docs/reference/functions.md: every function, what it does and when it is called."""

from collections.abc import Mapping

from shared.kit.record import Record
from tooling.generate.common import GENERATED, by_service

HEAD = f"""# All functions

{GENERATED} `heidi functions show NAME` says more about one of them; [openapi.json](openapi.json) and
[asyncapi.json](asyncapi.json) say it to machines; [access-matrix.md](access-matrix.md) says who may call what.

Each is one file under `functions/`, deployed under its name: `python -m shared.runtime.server` with `FUNCTION_TARGET` (the
module without `functions.`, or the name) answers with that function on `PORT`. All read their settings from the environment
or from files under `/etc/heidi`, `/run/secrets` or `/var/openfaas/secrets`, one file per setting, named like the setting in
lower case.
"""


def render(records: Mapping[str, Record]) -> str:
    """A table per service; no numbers, which every branch would change."""
    services = by_service(records.values())
    links = ", ".join(f"[{service}](#{service})" for service in services)
    tables = "".join(table(service, group) for service, group in services.items())
    return f"{HEAD}\nThe services: {links}.\n{tables}"


def table(service: str, records: list[Record]) -> str:
    """One service's functions: addresses first, then what events and the clock call."""
    ordered = sorted(records, key=lambda record: (("http", "event", "tick").index(record.kind), record.name))
    rows = "".join(f"| `{r.name}` | {r.summary} | {called(r)} | {r.access} | {says(r)} |\n" for r in ordered)
    return f"\n## {service}\n\n| function | what it does | called by | access | says |\n| --- | --- | --- | --- | --- |\n{rows}"


def called(record: Record) -> str:
    """An address, an event or a time."""
    if record.kind == "tick":
        return f"`{record.cron}` (UTC)"
    if record.kind == "event":
        return ", ".join(
            "every event" if type_ == "*" else f"`{type_.removeprefix('app.heidi.')}`"
            for type_ in record.types
        )
    return f"`{record.method} {record.public_path}`"


def says(record: Record) -> str:
    """The events that it emits."""
    return ", ".join(f"`{event.topic}`" for event in record.emits)
