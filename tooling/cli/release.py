"""release: a number, a changelog, a tag."""

from typing import Annotated

import typer

DryRun = Annotated[bool, typer.Option("--dry-run", help="Print everything, change nothing.")]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(rich_help_panel="Development", epilog="Example: `./heidi release --dry-run`")(release)


def release(*, dry_run: DryRun = False) -> None:
    """Release what is on main: the number follows from the commits, «Unreleased» of the changelog becomes its
    section.

    Commits and tags here; pushing both starts the release workflow (docs/guides/releases.md).
    """
    from tooling.cli.engine import engine
    from tooling.stack.home import ROOT

    module = engine("tooling.release")
    planned = module.plan(ROOT)
    typer.echo(planned.notes)
    if dry_run:
        typer.echo(f"Would be {planned.tag}. Nothing was changed.")
        return
    module.make(ROOT, planned, module.regenerate)
    typer.echo(f"Committed and tagged. git push --atomic origin main {planned.tag} publishes it.")
