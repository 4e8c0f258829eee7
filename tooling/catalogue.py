"""The catalogue on the terminal: all functions, and one with everything that is known of it."""

import inspect
from difflib import get_close_matches

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.auth.rbac import MATRIX
from shared.kit.http import Response
from shared.kit.record import Record, camel
from shared.runtime.binding import Binding
from tooling import samples
from tooling.cli.table import print_json
from tooling.command_failed import CommandFailed
from tooling.generate.access import mark
from tooling.generate.catalogue import called, says
from tooling.generate.common import by_service
from tooling.generate.openapi import returned, signature
from tooling.generate.problems import details_of, refusals
from tooling.generate.schemas import Schema, Schemas
from tooling.invoke import gateway, shown
from tooling.registry import ROOT, records


def show_list(service: str | None = None, *, as_json: bool = False) -> None:
    """Every function, or one service's; a CommandFailed when there is no such service."""
    services = by_service(records().values())
    if service and service not in services:
        raise CommandFailed(f"There is no service {service}: {', '.join(services)}.")
    if as_json:
        print_json([line(r) for name, group in services.items() if service in {None, name} for r in group])
        return
    console = terminal()
    for name, group in services.items():
        if service in {None, name}:
            console.print(f"\n[bold]{name}[/]  [dim]{len(group)} functions, database heidi_{name}[/]")
            console.print(
                table([(r.name, plain(called(r)), str(r.access), r.summary) for r in group], wrap=False)
            )


def line(record: Record) -> dict[str, str]:
    """A function in the list, for programs."""
    return {
        "name": record.name,
        "service": record.service,
        "calledBy": plain(called(record)),
        "access": str(record.access),
        "summary": record.summary,
    }


def show(name: str) -> None:
    """One function's contract; a CommandFailed when there is none of that name."""
    record = find(name)
    console = terminal()
    console.print(f"[bold]{record.name}[/]  {escape(record.summary)}")
    console.print(table([(title, value) for title, value in facts(record) if value]))
    for title, rows in (
        ("Parameters", parameters(record)),
        ("Body", body(record)),
        ("Errors", errors(record)),
    ):
        if rows:
            console.print(f"\n[bold]{title}[/]")
            console.print(table(rows))
    if calls := samples.calls(record, gateway()):
        hint = f"  [dim]--path {escape(shown(record.path))}, with your own[/]" if "{" in record.path else ""
        console.print(f"\n[bold]Try it[/]{hint}")
        for line in calls:
            console.print(escape(line), soft_wrap=True)


def find(name: str) -> Record:
    """The function with this name, written with dashes or underscores; a CommandFailed names the nearest
    ones.
    """
    wanted = name.replace("_", "-").rpartition(".")[2]
    if wanted not in records():
        near = get_close_matches(wanted, records(), n=3)
        hint = f" Did you mean {' or '.join(near)}?" if near else " ./heidi functions list shows all."
        raise CommandFailed(f"There is no function {name}.{hint}")
    return records()[wanted]


def terminal() -> Console:
    """As wide as the window; wide enough for everything where there is none."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=1000)


def table(rows: list[tuple[str, ...]], *, wrap: bool = True) -> Table:
    """Without lines, so that it can be cut and grepped."""
    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for n, _ in enumerate(rows[0]):
        made.add_column(no_wrap=n == 0 or not wrap, overflow="ellipsis")
    for row in rows:
        made.add_row(*(escape(cell) for cell in row))
    return made


def plain(markdown: str) -> str:
    """Without the marks of Markdown."""
    return markdown.replace("`", "")


def facts(record: Record) -> list[tuple[str, str]]:
    """What is said about a function, one line each."""
    source = ROOT.joinpath(*record.module.split(".")).with_suffix(".py").relative_to(ROOT)
    roles = [
        role.replace("_", " ")
        + (" (everywhere)" if mark(record, role) == "●" and role != "anonymous" else "")
        for role in MATRIX
        if mark(record, role) != "–"
    ]
    who = "everyone" if record.access.public else ", ".join(roles) or "only the platform itself"
    return [
        ("called by", plain(called(record))),
        ("access", f"{record.access}: {who}"),
        ("module", record.feature or ""),
        ("says", plain(says(record))),
        ("answers", answers(record)),
        ("file", str(source)),
        (
            "deployed",
            f"FUNCTION_TARGET={record.target}, {record.memory} MiB, {record.timeout} s, {record.min_scale} warm",
        ),
    ]


def answers(record: Record) -> str:
    """The status and the shape of a success."""
    shape = returned(record)
    if shape is not None:
        return f"{record.status} {getattr(shape, '__name__', str(shape))}"
    return f"{record.status} bytes" if Binding.of(record).returns is Response else "204"


def parameters(record: Record) -> list[tuple[str, ...]]:
    """Path and query parameters with their types."""
    if record.kind != "http":
        return []
    schemas = Schemas({name: (hint, "validation") for name, (hint, _) in signature(record)[0].items()})
    return [
        (camel(name), kind(schemas[name], schemas), default(given), str(schemas[name].get("description", "")))
        for name, (_, given) in signature(record)[0].items()
    ]


def default(given: object) -> str:
    """What is taken when nothing is said."""
    if given is inspect.Parameter.empty:
        return "required"
    return "" if given is None else f"default {getattr(given, 'value', given)}"


def body(record: Record) -> list[tuple[str, ...]]:
    """The body's fields with their types; an event's are its data."""
    found = signature(record)[1]
    if not found:
        return []
    schemas = Schemas({"body": (found[1], "validation")})
    whole = schemas["body"]
    whole = schemas.components[whole["$ref"].rpartition("/")[2]] if "$ref" in whole else whole
    needed = whole.get("required", [])
    return [
        (name, kind(part, schemas), "required" if name in needed else "", str(part.get("description", "")))
        for name, part in whole.get("properties", {}).items()
    ]


def kind(schema: Schema, known: Schemas) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return kind(known.components[name], known) if "enum" in known.components[name] else str(name)
    if "anyOf" in schema:
        return " or ".join(kind(choice, known) for choice in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "items" in schema:
        return f"list of {kind(schema['items'], known)}"
    return str(schema.get("format") or schema.get("type") or "anything")


def errors(record: Record) -> list[tuple[str, ...]]:
    """Status, code and sentence."""
    if record.kind != "http":
        return []
    found = refusals(record, details_of(record))
    return [
        (str(each.status), each.code, each.message) for each in sorted(found, key=lambda each: each.status)
    ]
