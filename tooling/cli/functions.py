"""functions list and show, invoke, serve: the catalogue and single functions."""

from pathlib import Path
from typing import Annotated

import typer

from tooling.command_failed import CommandFailed

Function = Annotated[str, typer.Argument(help="As deployed, `list-listings`.")]
Data = Annotated[str, typer.Option("--data", "-d", help="The body; @FILE reads a file, - standard input.")]
Query = Annotated[list[str] | None, typer.Option("--query", "-q", help="NAME=VALUE, repeatable.")]
As = Annotated[
    str | None, typer.Option("--as", help="Log in first: an address of the demonstration, or just `editor`.")
]
Tenant = Annotated[str | None, typer.Option("--tenant", "-t", help="The city, `heidelberg`.")]
Rest = Annotated[
    str,
    typer.Option(
        "--path", help="Its address, `/api/listings/<listingId>`, or the id alone where it has one."
    ),
]
Service = Annotated[str | None, typer.Argument(help="As its folder is called, `core`; without it all.")]
Port = Annotated[int, typer.Option("--port", "-p", min=1, max=65535)]

Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
INVOKE = "Example: `./heidi invoke list-listings -t heidelberg -q limit=5`, or `./heidi invoke get-city --path heidelberg`"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    panel = "Functions"
    group = typer.Typer(no_args_is_help=True, help="The catalogue of functions.", rich_markup_mode="markdown")
    group.command("list", epilog="Example: `./heidi functions list`, or `./heidi functions list core`")(
        list_functions
    )
    group.command("show", epilog="Example: `./heidi functions show approve-listing`")(show)
    app.add_typer(group, name="functions", rich_help_panel=panel)
    app.command(rich_help_panel=panel, epilog=INVOKE)(invoke)
    app.command(rich_help_panel=panel, epilog="Example: `./heidi serve list-listings --port 9000`")(serve)


def list_functions(service: Service = None, *, as_json: Json = False) -> None:
    """Every function with its route, event or schedule; or one service's."""
    from tooling.cli.engine import engine

    engine("tooling.catalogue").show_list(service, as_json=as_json)


def show(name: Function) -> None:
    """One function's contract: path, permission, events in and out, errors, limits."""
    from tooling.cli.engine import engine

    engine("tooling.catalogue").show(name)


def invoke(
    name: Function,
    data: Data = "",
    query: Query = None,
    user: As = None,
    tenant: Tenant = None,
    path: Rest = "",
) -> None:
    """Call a function through the running gateway and print its answer.

    The exit code is 1 if the answer is an error; its status is then on standard error.
    """
    from tooling.cli.engine import engine, enter

    enter()
    raise typer.Exit(engine("tooling.invoke").invoke(name, body(data), query or [], user, tenant, path=path))


def body(data: str) -> bytes:
    """The option's text, or what it points at."""
    if data == "-":
        return typer.get_binary_stream("stdin").read()
    if not data.startswith("@"):
        return data.encode()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise CommandFailed(
            f"{data[1:] or 'A file without a name'} cannot be read: {error.strerror}."
        ) from None


def serve(name: Function, port: Port = 8090) -> None:
    """Run one function alone under functions-framework, as it is deployed, with the running stack's settings."""
    from tooling.cli.engine import engine, enter

    enter()
    raise typer.Exit(engine("tooling.serve").serve(name, port))
