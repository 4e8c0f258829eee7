"""events list, dead, replay: what is on its way, and what did not arrive."""

from typing import Annotated

import typer

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="The newest so many.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids as `events dead` prints them.")]
All = Annotated[bool, typer.Option("--all", help="Every dead letter.")]
At = Annotated[
    str | None, typer.Option("--at", help="A platform elsewhere, as the super admin of HEIDI_TOKEN.")
]

Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Events, dead letters, and sending them again.",
        rich_markup_mode="markdown",
    )
    group.command("list", epilog="Example: `./heidi events list -n 20`")(list_events)
    group.command(
        "dead",
        epilog="Example: `./heidi events dead`, or a cluster's: `./heidi events dead --at https://heidi.example`",
    )(dead)
    group.command("replay", epilog="Example: `./heidi events replay --all`")(replay)
    app.add_typer(group, name="events", rich_help_panel="Functions")


def list_events(limit: Limit = 50, *, as_json: Json = False) -> None:
    """The newest events and how their deliveries stand."""
    from tooling.cli.engine import engine, enter

    enter()
    engine("tooling.events").print_events(limit, as_json=as_json)


def dead(limit: Limit = 50, at: At = None, *, as_json: Json = False) -> None:
    """Events that could not be delivered, with the reason."""
    from tooling.cli.engine import engine, enter

    if at:
        engine("tooling.letters").print_dead(at, limit, as_json=as_json)
        return
    enter()
    engine("tooling.events").print_dead(limit, as_json=as_json)


def replay(ids: Ids = None, *, everything: All = False, at: At = None) -> None:
    """Deliver dead letters again, to the function that failed and to no other."""
    from tooling.cli.engine import engine, enter

    if bool(ids) == everything:
        raise typer.BadParameter("name the events, or say --all")
    if at:
        engine("tooling.letters").replay(at, ids)
        return
    enter()
    engine("tooling.events").replay(None if everything else ids)
