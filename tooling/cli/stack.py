"""up, down, status, logs, reset: the local stack."""

from typing import Annotated

import typer

Detach = Annotated[bool, typer.Option("--detach", "-d", help="Return when it is ready and leave it running.")]
Name = Annotated[str | None, typer.Argument(help="Of one process, as in `./heidi status`; without it all.")]
Ours = Annotated[str | None, typer.Argument(help="gateway, broker or thirdparty; without it all three.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on printing what comes.")]
Lines = Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of each.")]
Function = Annotated[
    str | None, typer.Option("--function", help="Only lines of this function, `list-listings`.")
]
City = Annotated[str | None, typer.Option("--city", help="Only lines about this city, by its slug or id.")]
Errors = Annotated[bool, typer.Option("--errors", help="Only warnings and errors.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
UP = "Example: `./heidi up -d`, or with a PostgreSQL of your own: `DATABASE_URL=postgresql://heidi_app:…@db:5432/ ./heidi up`"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    panel = "The local stack"
    app.command(rich_help_panel=panel, epilog=UP)(up)
    app.command(rich_help_panel=panel, epilog="Example: `./heidi down`")(down)
    app.command(rich_help_panel=panel, epilog="Example: `./heidi restart`, or `./heidi restart gateway`")(
        restart
    )
    app.command(rich_help_panel=panel, epilog="Example: `./heidi status`")(status)
    app.command(
        rich_help_panel=panel,
        epilog="Example: `./heidi logs -f`, or `./heidi logs --errors --city heidelberg`",
    )(logs)
    app.command(rich_help_panel=panel, epilog="Example: `./heidi reset --yes && ./heidi up`")(reset)


def up(*, detach: Detach = False) -> None:
    """Start everything: PostgreSQL, Redis, migrations, a demonstration city, third parties, broker, gateway.

    Nothing but Python is needed. What the environment names (DATABASE_URL or POSTGRES_HOST, REDIS_URL,
    S3_ENDPOINT, SMTP_HOST, BROKER_URL …) is used instead of the embedded part; ports are moved with
    GATEWAY_PORT, POSTGRES_PORT and so on. A process that dies is started again. Ctrl-C stops everything; data
    stays in `.heidi/`.
    """
    from tooling.stack import up as stack

    stack.in_background() if detach else stack.in_foreground()


def down() -> None:
    """Stop everything in order; the data stays."""
    from tooling.stack import control
    from tooling.stack.home import Home

    typer.echo("Stopped." if control.stop(Home.here()) else "HEIDI was not running.")


def restart(name: Ours = None) -> None:
    """Start our processes again, so that they run the code as it is now; PostgreSQL, Redis and all data stay."""
    from tooling.stack import renewal
    from tooling.stack.home import Home

    typer.echo(f"Started again: {', '.join(renewal.restart(Home.here(), name))}.")


def status(*, as_json: Json = False) -> None:
    """What runs, where, since when, and how often it had to be started again.

    The exit code is 0 if everything is ready, otherwise 1.
    """
    from tooling.cli.table import print_json, print_status
    from tooling.stack import control, migrated, renewal
    from tooling.stack.home import Home

    home = Home.here()
    rows = control.status(home)
    code = 0 if rows and all(row.state == "ready" for row in rows) else 1
    if as_json:
        print_json([row.told() for row in rows])
        raise typer.Exit(code)
    print_status(rows)
    if rows and (newer := renewal.hint(home)):
        typer.echo(newer)
    if rows and (edited := migrated.hint(home)):
        typer.echo(edited)
    raise typer.Exit(code)


def logs(
    name: Name = None,
    *,
    follow: Follow = False,
    lines: Lines = 50,
    function: Function = None,
    city: City = None,
    errors: Errors = False,
) -> None:
    """Print what the processes wrote, of one or of all: every call of a function is a line.

    A terminal gets columns; a pipe gets one JSON object a line, as `jq` reads it.
    """
    from contextlib import suppress

    from tooling.cli.engine import enter
    from tooling.command_failed import CommandFailed
    from tooling.stack.home import Home
    from tooling.stack.log_view import show

    with suppress(CommandFailed):  # a stack that has stopped still has its logs
        enter()
    show(Home.here(), name, lines, follow=follow, function=function, city=city, errors=errors)


def reset(*, yes: Yes = False) -> None:
    """Stop everything and delete the local data, secrets included; the next `up` begins afresh."""
    from tooling.stack import control
    from tooling.stack.home import Home

    home = Home.here()
    if not yes:
        typer.confirm(f"Delete all local data in {home.path}?", abort=True)
    control.stop(home)
    home.remove()
    typer.echo("Everything local is deleted. ./heidi up begins afresh.")
