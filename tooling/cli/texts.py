"""texts: which translations are missing."""

import typer


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(rich_help_panel="Development", epilog="Example: `./heidi texts`")(texts)


def texts() -> None:
    """Name every sentence and every name of a thing that a language lacks, with its file and its English.

    Missing is what stands nowhere: exit code 1. Awaited is what stands there as null; readers get English.
    """
    from tooling.cli.engine import engine

    found = engine("tooling.texts").gaps()
    for title, lacking in (
        ("awaited", [gap for gap in found if gap.awaited]),
        ("missing", [gap for gap in found if not gap.awaited]),
    ):
        for gap in lacking:
            typer.echo(f"{title}  {gap}")
    missing = sum(not gap.awaited for gap in found)
    typer.echo(
        f"{missing} missing, {len(found) - missing} awaited." if found else "Everything is translated."
    )
    if missing:
        typer.secho("Write each into its file, or null where a translation is awaited.", err=True)
        raise typer.Exit(1)
