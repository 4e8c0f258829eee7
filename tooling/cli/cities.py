"""cities left: whether an end was an end."""

from typing import Annotated
from uuid import UUID

import typer

City = Annotated[UUID, typer.Argument(help="Its id: a slug says nothing once the city is gone.")]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    group = typer.Typer(
        no_args_is_help=True, help="Cities, behind the API's back.", rich_markup_mode="markdown"
    )
    group.command("left", epilog="Example: `./heidi cities left 5b7e…`")(left)
    group.callback()(lambda: None)  # with one command only, its name would be left out
    app.add_typer(group, name="cities", rich_help_panel="Data")


def left(city: City) -> None:
    """What every service, the bucket and Redis still hold of a city; exit code 1 if something does not end by
    itself.
    """
    from tooling.cli.engine import engine
    from tooling.cli.table import print_table

    found = engine("tooling.backup.local").left(city)
    print_table(("where", "how much"), [(where, str(number)) for where, number in found])
    if any("ends by itself" not in where for where, _ in found):
        raise typer.Exit(1)
    typer.echo("Nothing is left that does not end by itself.")
