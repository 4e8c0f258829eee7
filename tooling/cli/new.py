"""new: functions, events, modules and services in the house's form."""

from typing import TYPE_CHECKING, Annotated

import typer

from tooling.command_failed import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tooling.new.plan import Plan

Where = Annotated[
    str, typer.Argument(metavar="WHERE", help="SERVICE/RESOURCE/VERB_NOUN, `modules/defects/report_defect`.")
]
Home = Annotated[str, typer.Argument(metavar="WHERE", help="The service, or `modules/NAME`.")]
Address = Annotated[str, typer.Option(metavar="PATH", help="Called at this address.")]
Emits = Annotated[
    list[str] | None, typer.Option("--emits", help="An event that it says, repeatable; a new one is written.")
]
Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        help="NAME:KIND, repeatable; line words number flag day moment id photo; with ? it may be left out.",
    ),
]
FUNCTION = (
    "Example: `./heidi new function modules/defects/report_defect --post /api/defects --emits DefectReported`"
)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        no_args_is_help=True, help="Write a function, event, module or service.", rich_markup_mode="markdown"
    )
    group.command("function", epilog=FUNCTION)(function)
    group.command(
        "event", epilog="Example: `./heidi new event modules/defects DefectClosed --field defect_id:id`"
    )(event)
    group.command("module", epilog="Example: `./heidi new module defects`")(module)
    group.command("service", epilog="Example: `./heidi new service scheduler`")(service)
    app.add_typer(group, name="new", rich_help_panel="Development")


def function(
    where: Where,
    get: Address = "",
    post: Address = "",
    put: Address = "",
    patch: Address = "",
    delete: Address = "",
    on: Annotated[str, typer.Option(metavar="EVENT", help="Called for each of these events.")] = "",
    every: Annotated[str, typer.Option(metavar="CRON", help="Called by the clock, `*/5 * * * *`.")] = "",
    requires: Annotated[str, typer.Option(metavar="PERMISSION", help="Only for who holds it.")] = "",
    held_by: Annotated[
        str,
        typer.Option(
            metavar="ROLE", help="Makes the permission, for this role and above: editor, city_admin …"
        ),
    ] = "",
    *,
    public: Annotated[bool, typer.Option("--public", help="For everyone, without a login.")] = False,
    emits: Emits = None,
    fields: Fields = None,
) -> None:
    """Write a function, and what it is about where that is not there yet: noun, table, migration, event, tests.

    Without --requires and --public it is for whoever is signed in, and about their own things.
    """
    from tooling.cli.engine import engine

    paths = {"get": get, "post": post, "put": put, "patch": patch, "delete": delete}
    said = {method: path for method, path in paths.items() if path}
    if len(said) > 1:
        raise CommandFailed(f"A function has one address; these are {len(said)}.")
    method, path = next(iter(said.items()), ("", ""))
    folder, _, name = where.strip("/").rpartition("/")
    functions, places = engine("tooling.new.function"), engine("tooling.new.place")
    wanted = functions.Wanted(
        name, method, path, on, every, tuple(emits or ()), requires, public, tuple(fields or ()), held_by
    )
    tell(lambda plan: functions.function(plan, places.Place.of(folder or "none"), wanted))


def event(where: Home, name: str, fields: Fields = None) -> None:
    """Write an event, and promise it."""
    from tooling.cli.engine import engine

    events, places, kinds = map(engine, ("tooling.new.event", "tooling.new.place", "tooling.new.fields"))
    lines = events.lines_of([kinds.Field.parse(text) for text in fields or ()])
    tell(lambda plan: events.event(plan, places.Place.of(where), name, lines))


def module(name: str) -> None:
    """Write a module of the service of modules."""
    from tooling.cli.engine import engine

    services, places = engine("tooling.new.service"), engine("tooling.new.place")
    tell(lambda plan: services.module(plan, places.Place.of(f"modules/{name.removeprefix('modules/')}")))


def service(name: str) -> None:
    """Write a service with a database of its own."""
    from tooling.cli.engine import engine

    services, places = engine("tooling.new.service"), engine("tooling.new.place")
    tell(lambda plan: services.service(plan, places.Place.of(name)))


def tell(think: "Callable[[Plan], None]") -> None:
    """What was written, and what is left."""
    from tooling.cli.engine import engine

    written, left = engine("tooling.new.command").carry_out(think)
    for path in written:
        typer.echo(f"written  {path}")
    for sentence in left:
        typer.echo(f"left     {sentence}")
    typer.echo("Generated files follow. Now: ./heidi test, then docs/guides/add-a-function.md.")
