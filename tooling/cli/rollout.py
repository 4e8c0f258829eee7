"""rollout hold, share, back, finish: canary and blue-green on Knative."""

from typing import Annotated

import typer

Present = Annotated[
    typer.FileText, typer.Argument(help="What `kubectl get ksvc -o json` says; - reads a pipe.")
]
Percent = Annotated[
    int, typer.Option("--percent", min=0, max=100, help="Of the calls, for the newest version.")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    about = "Canary and blue-green on Knative, as `kubectl patch` lines (docs/guides/rollouts.md)."
    group = typer.Typer(no_args_is_help=True, help=about)
    pipe = "Example: `./heidi rollout {} services.json | sh`"
    group.command("hold", epilog=pipe.format("hold"))(hold)
    group.command("share", epilog=pipe.format("share --percent 10"))(share)
    group.command("back", epilog=pipe.format("back"))(back)
    group.command("finish", epilog=pipe.format("finish"))(finish)
    app.add_typer(group, name="rollout", rich_help_panel="Development")


def hold(services: Present) -> None:
    """Keep all calls at the present version; the next one answers under its tag only."""
    show(services, "hold")


def share(services: Present, *, percent: Percent = 10) -> None:
    """Give the newest version a share of the calls; 100 switches over and keeps the old one at hand."""
    show(services, "share", percent)


def back(services: Present) -> None:
    """Give all calls to the held version again."""
    show(services, "back")


def finish(services: Present) -> None:
    """Follow the newest version again, as without a rollout; the old one may go."""
    show(services, "finish")


def show(services: typer.FileText, step: str, percent: int = 0) -> None:
    """Print the lines."""
    from tooling.cli.engine import engine

    for line in engine("tooling.rollout").patches(services.read(), step, percent):
        typer.echo(line)
