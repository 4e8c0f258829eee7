"""demo: the whole story in the terminal."""

from typing import Annotated

import typer

Fast = Annotated[bool, typer.Option("--fast", help="Without pauses for reading.")]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(rich_help_panel="The local stack", epilog="Example: `./heidi up -d && ./heidi demo`")(demo)


def demo(*, fast: Fast = False) -> None:
    """Play the story: a city joins, an editor writes, an admin approves, citizens find it, an app is built."""
    from tooling.cli.engine import engine, enter

    enter()
    engine("tooling.demo").play(fast=fast)
