"""migrate and seed: what is in the databases."""

from typing import Annotated

import typer

Service = Annotated[str | None, typer.Argument(help="As its folder is called, `core`; without it all.")]
WHAT = "all, terms, salutations, categories, permissions, tiles, initial-admin, firebase-project, schedules"
What = Annotated[str, typer.Argument(help=WHAT)]
ThroughApi = Annotated[bool, typer.Option(hidden=True, help="Only what needs the running functions.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    panel = "Data"
    app.command(
        rich_help_panel=panel, epilog="Example: `./heidi migrate`, or one service: `./heidi migrate core`"
    )(migrate)
    app.command(rich_help_panel=panel, epilog="Example: `./heidi seed categories`")(seed)
    app.command(rich_help_panel="The local stack", epilog="Example: `./heidi welcome`")(welcome)


def migrate(service: Service = None) -> None:
    """Bring every service's database to its newest version, or one's; `up` does it by itself."""
    from tooling.cli.engine import engine, enter

    enter()
    module = engine("tooling.migrate")
    module.migrate(service) if service else module.side_by_side()


def seed(what: What = "all", *, through_api: ThroughApi = False) -> None:
    """Fill in the demonstration cities and the fixed lists; repeatable without harm."""
    from tooling.cli.engine import engine, enter

    settings = enter()
    module = engine("tooling.seed")
    if not through_api:
        module.seed(what)
    if through_api or (what == "all" and answers(settings.get("GATEWAY_URL", ""))):
        module.seed_through_api(settings["GATEWAY_URL"])


def answers(gateway: str) -> bool:
    """Whether the functions can be called already; while `up` seeds, they can't."""
    from urllib.parse import urlsplit

    from tooling.stack.probes import http_ready

    return http_ready(urlsplit(gateway).port or 80, "/healthz")


def welcome() -> None:
    """Say what to open and how to log in, with the demonstration's addresses and password."""
    from tooling.cli.engine import engine, enter

    enter()
    typer.echo(engine("tooling.seed").welcome())
