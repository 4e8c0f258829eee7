"""test: the whole check."""

from typing import Annotated

import typer

Coverage = Annotated[bool, typer.Option("--coverage", help="The tests alone, and which branches they take.")]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(help="For pytest; with them only the tests run."),
]

Changed = Annotated[
    bool,
    typer.Option("--changed", help="Only what differs from main can reach, the nearest first, in a minute."),
]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(
        "test",
        rich_help_panel="Development",
        context_settings={"ignore_unknown_options": True},
        epilog="Example: `./heidi test`, or a part of it: `./heidi test tests/tooling -k redis`",
    )(check)


def check(arguments: Arguments = None, *, coverage: Coverage = False, changed: Changed = False) -> None:
    """Lint, types, import rules, generated files, and every test against a real PostgreSQL and Redis.

    Fails if any of them fails; what pytest prints comes last. With --coverage, the tests alone, and
    which share of each package's branches they take; it must not fall below tests/coverage.json.
    """
    from tooling.check import run

    if changed:
        from tooling import changed as what_changed

        raise typer.Exit(what_changed.run())
    raise typer.Exit(run(arguments or [], coverage=coverage))
