"""migrate and seed: what is in the databases."""
from typing import Annotated

import typer

Service = Annotated[str | None, typer.Argument(help="As its folder is called, `core`; without it all.")]
WHAT = "all, terms, salutations, categories, permissions, tiles, initial-admin, firebase-project, schedules"
What = Annotated[str, typer.Argument(help=WHAT)]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    panel = "Data"
    app.command(rich_help_panel=panel, epilog="Example: `./heidi migrate`, or one service: `./heidi migrate core`")(migrate)
    app.command(rich_help_panel=panel, epilog="Example: `./heidi seed categories`")(seed)


def migrate(service: Service = None) -> None:
    """Bring every service's database to its newest version, or one's; `up` does it by itself."""
    from tooling.cli.engine import engine, enter

    enter()
    engine("tooling.migrate").migrate(service)


def seed(what: What = "all") -> None:
    """Fill in the demonstration cities and the fixed lists; repeatable without harm."""
    from tooling.cli.engine import engine, enter

    enter()
    engine("tooling.seed").seed(what)
