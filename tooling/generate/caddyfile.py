"""What Caddy reads: from a request to its function, at the edge and between the functions of a cluster."""

import re
from collections.abc import Callable, Iterable, Mapping

from functions.platform.dead_letters.dead_letter import RETOLD
from shared.kit.record import PLACEHOLDER, Record
from shared.kit.settings import Settings
from shared.runtime.gateway.events import DOOR
from tooling.generate.common import GENERATED, addressed, methods, public
from tooling.generate.unit import Unit, together

DEAD_LETTERS = "keep-dead-letter"  # the one function that the broker calls although it has an address
# Knative takes these for success
NEVER = (400, 401, 402, 403, 405, 406, *range(410, 419), *range(421, 425), 426, 428, 431, 451)
ROOM = 64 * 1024  # of a form around its file; what is a little too big gets the function's own refusal
EDGE = f"""# {GENERATED}
# From method and path to function, and how many bytes a body may have, for deploy/edge/Caddyfile.
# Exact addresses come first; the first line that fits counts.
"""
UNHEARD = """vars heard {heidi_heard}
@unheard vars heard no
respond @unheard 204
"""
INTERNAL = f"""# {GENERATED}
# For the internal gateway's Caddyfile: functions by address, for those that ask each other; event and tick
# functions by name, for the broker and the clock; and what a dispatcher is told instead of a status that it would
# take for success.
"""


def name_of(record: Record) -> str:
    """Where a function is deployed as one of its own."""
    return record.name


def service_of(record: Record) -> str:
    """Where all of a service are deployed together."""
    return record.service


def edge(records: Mapping[str, Record], deployed: Callable[[Record], str] = name_of) -> str:
    """deploy/edge/routes.caddy: one line per method and public address."""
    shown = public(records.values())
    limits = sorted({limit(record) for record in shown})
    rows = (
        f"{line(path, method)} {deployed(record)} {limit(record)}"
        for record in shown
        for path in record.addresses
        for method in methods(record, path, shown)
    )
    classes = (f"@up_to_{most} vars limit {most}\n{body(most, f'@up_to_{most} ')}" for most in limits)
    return (
        EDGE
        + mapping("{heidi_function} {heidi_limit}", rows, f'"" {limits[0]}')
        + found("{heidi_limit}")
        + "".join(classes)
    )


def edge_grouped(records: Mapping[str, Record]) -> str:
    """deploy/edge/routes-grouped.caddy: from the same addresses to services."""
    return edge(records, service_of)


def internal(records: Mapping[str, Record]) -> str:
    """knative/base/internal-gateway/routes.caddy: a snippet per port."""
    rows = [row for record in callees(records.values()) for row in called(record, record.name, "")]
    names = mapping("{heidi_function} {heidi_path}", [*rows, *heard(records)], '"" ""')
    return snippets(records, name_of, names)


def internal_grouped(records: Mapping[str, Record]) -> str:
    """knative/components/grouped/routes.caddy: events lead to whole services, which are not woken by those that
    nobody of them hears; ticks and what is sent again to a function of one.
    """
    rows = [
        row
        for record in callees(records.values())
        for row in called(record, record.service, f"/function/{record.name}")
    ]
    units = [unit for unit in together(records) if unit.types]
    rest = f'"~^/events/({"|".join(unit.name for unit in units)}) [a-z]" no'
    types = [*(row for unit in units for row in wanted(unit)), rest]
    names = mapping("{heidi_function} {heidi_path}", [*heard(records), *rows], '"" ""')
    return snippets(
        records,
        service_of,
        names + mapping("{heidi_heard}", types, "yes", "{path} {header.Ce-Type}") + UNHEARD,
    )


def snippets(records: Mapping[str, Record], deployed: Callable[[Record], str], names: str) -> str:
    """The file: addresses and names, and what a dispatcher is told."""
    asked = addressed(records.values())
    rows = (
        f"{line(path, method)} {deployed(r)}"
        for r in asked
        for path in r.addresses
        for method in methods(r, path, asked)
    )
    addresses = mapping("{heidi_function}", rows, '""')
    largest = max(map(limit, asked))
    retold = "".join(
        f"@said_{status} status {status}\nreplace_status @said_{status} {status + RETOLD}\n"
        for status in NEVER
    )
    return INTERNAL + "".join(
        (
            snippet("addresses", addresses + frozen(largest)),
            snippet("names", names + "vars path {heidi_path}\n" + frozen(json_limit())),
            snippet("retold", retold),
        )
    )


def callees(records: Iterable[Record]) -> list[Record]:
    """What the broker and the clock call: event and tick functions, and where dead letters go."""
    return [record for record in records if record.kind != "http" or record.name == DEAD_LETTERS]


def called(record: Record, deployed: str, path: str) -> list[str]:
    """How the broker or the clock names a function, and who sends a dead letter again; where it is then."""
    doors = ("ticks",) if record.kind == "tick" else ("events", "replays")
    return [f'"POST /{door}/{record.name}" {deployed} {path or "/"}' for door in doors]


def heard(records: Mapping[str, Record]) -> list[str]:
    """Where events come to all of a service; also again, when nobody knows for whom of it.

    Both gateways know both ways to bring an event: while somebody goes over from functions to services or back,
    queues of either kind run empty.
    """
    return [
        f'"POST /{door}/{unit.name}" {unit.name} {DOOR}'
        for unit in together(records)
        if unit.types
        for door in ("events", "replays")
    ]


def wanted(unit: Unit) -> list[str]:
    """The events that somebody of a service hears: of others it is not woken."""
    if "*" in unit.types:
        return [f'"~^/events/{unit.name} " yes']
    return [f'"/events/{unit.name} {type_}" yes' for type_ in unit.types]


def limit(record: Record) -> int:
    """The longest body that is let through to a function."""
    return record.body_limit + ROOM if record.body_limit else json_limit()


def json_limit() -> int:
    """Of bodies that nothing else is said about; the default, since the edge does not know the functions'
    settings.
    """
    default: int = Settings.model_fields["max_json_bytes"].default
    return default + ROOM


def line(path: str, method: str) -> str:
    """An exact address as it is; one with placeholders as a regular expression.

    Caddy matches what %3F stands for, and may take it for the start of a query when it rewrites: no
    placeholder holds one.
    """
    if "{" not in path:
        return f'"{method} {path}"'
    fixed = "[^/?]+".join(re.escape(part) for part in PLACEHOLDER.split(path)[::2])
    return f'"~^{method} {fixed}/?$"'


def mapping(outputs: str, rows: Iterable[str], default: str, by: str = "{method} {path}") -> str:
    """Caddy's map, of method and path."""
    return f'map "{by}" {outputs} {{\n' + "".join(f"\t{row}\n" for row in rows) + f"\tdefault {default}\n}}\n"


def found(limit: str) -> str:
    """What the map found, as variables: it would look again each time, also when the path has been rewritten."""
    return f"vars function {{heidi_function}}\nvars limit {limit}\n"


def frozen(most: int) -> str:
    """What was found, with one limit for everything."""
    return found(str(most)) + body(most)


def body(most: int, matcher: str = "") -> str:
    """How much is read, whatever the caller has announced."""
    return f"request_body {matcher}{{\n\tmax_size {most}\n}}\n"


def snippet(name: str, text: str) -> str:
    """Lines that the Caddyfile imports by name."""
    return f"({name}) {{\n" + "".join(f"\t{row}\n" for row in text.splitlines()) + "}\n"
