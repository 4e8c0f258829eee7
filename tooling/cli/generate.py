"""generate: the files that follow from the functions' records."""

from typing import Annotated

import typer

Check = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit code 1 if a committed file differs.")
]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(rich_help_panel="Development", epilog="Example: `./heidi generate --check`")(generate)


def generate(*, check: Check = False) -> None:
    """Write stack.yml, knative/, routes, OpenAPI, AsyncAPI and the access matrix from the functions' records."""
    from tooling.cli.engine import engine

    differing = engine("tooling.generate").generate(check=check)
    for name in differing:
        typer.echo(f"{name} differs" if check else f"{name} written")
    missing = [gap for gap in engine("tooling.texts").gaps() if not gap.awaited] if check else []
    for gap in missing:
        typer.echo(f"{gap} is missing")
    if check and differing:
        typer.secho("Run ./heidi generate and commit what it writes.", err=True)
    if missing:
        typer.secho("Write each into its file, or null where a translation is awaited.", err=True)
    if differing or missing:
        raise typer.Exit(int(check))
