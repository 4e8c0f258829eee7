"""cluster env, secrets: what a cluster must not find in a repository."""

from enum import StrEnum
from typing import Annotated

import typer


class Environment(StrEnum):
    """An overlay of knative/."""

    PROD = "prod"
    STAGING = "staging"
    DEV = "dev"


Which = Annotated[Environment, typer.Argument(help="The overlay of knative/ and deploy/data.")]
Filled = Annotated[
    typer.FileText, typer.Argument(help="What `cluster env` printed, filled in; - reads a pipe.")
]
Beside = Annotated[str, typer.Option(help="Those of the functions in this namespace besides: openfaas-fn.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(no_args_is_help=True, help="The secrets of a cluster (docs/guides/cluster.md).")
    group.command("env", epilog="Example: `./heidi cluster env > cluster.env && chmod 600 cluster.env`")(env)
    group.command(
        "secrets", epilog="Example: `./heidi cluster secrets prod cluster.env | kubectl apply -f -`"
    )(secrets)
    app.add_typer(group, name="cluster", rich_help_panel="Data")


def env() -> None:
    """Print every secret of a cluster: those that can be made are new, the others are yours to fill in."""
    from tooling.cli.engine import engine

    typer.echo(engine("tooling.cluster").example(), nl=False)


def secrets(environment: Which, filled: Filled, beside: Beside = "") -> None:
    """Print the Secrets of all namespaces for kubectl; the same file gives the same Secrets."""
    import yaml

    from tooling.cli.engine import engine

    cluster = engine("tooling.cluster")
    made = cluster.secrets(environment.value, cluster.read(filled.read()), beside)
    typer.echo(yaml.safe_dump_all(made, sort_keys=False), nl=False)
