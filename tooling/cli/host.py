"""host env, prepare: one host with deploy/compose.yaml."""

import typer


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        no_args_is_help=True, help="One host with deploy/compose.yaml (docs/guides/one-host.md)."
    )
    group.command("env", epilog="Example: `./heidi host env > deploy/.env && chmod 600 deploy/.env`")(env)
    group.command("prepare", epilog="Example: `./heidi host prepare`, which the service `migrate` runs")(
        prepare
    )
    app.add_typer(group, name="host", rich_help_panel="Data")


def env() -> None:
    """Print deploy/env.example with new secrets."""
    from tooling.cli.engine import engine

    typer.echo(engine("tooling.generate.environment").example(filled=True), nl=False)


def prepare() -> None:
    """Make roles and databases on the PostgreSQL of the environment, as its superuser, and migrate."""
    from tooling.cli.engine import engine

    engine("tooling.host").prepare_databases()
