"""`python -m tooling.cli`: every command, and one sentence instead of a traceback for what a person can mend."""

import os
import sys
from typing import Annotated

import typer

from tooling.cli import (
    backup,
    checks,
    cities,
    cluster,
    data,
    demo,
    events,
    functions,
    generate,
    host,
    keys,
    new,
    release,
    rollout,
    stack,
    texts,
)
from tooling.command_failed import CommandFailed, failure_of

MENDABLE = (
    ("shared.kit.settings", "SettingsError"),
    ("tooling.registry", "RegistryError"),
    ("tooling.migrate", "MigrationFailed"),
)
NAME = "./heidi"
app = typer.Typer(
    name="heidi",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with `./heidi up`.",
    help="The backend with which cities run their citizen apps: one small function per capability.",
)
for group in (
    stack,
    data,
    backup,
    cities,
    checks,
    generate,
    new,
    texts,
    functions,
    events,
    keys,
    rollout,
    host,
    cluster,
    demo,
    release,
):
    group.add_to(app)


def print_version(wanted: bool) -> None:  # noqa: FBT001 (typer's way)
    """And end."""
    if wanted:
        from shared import __version__

        typer.echo(f"HEIDI {__version__}")
        raise typer.Exit


@app.callback()
def heidi(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and end."),
    ] = False,
) -> None:
    # its help is the app's
    del version


def main() -> None:
    """Exit code 1 for what went wrong, 2 for a wrong use, 130 for Ctrl-C."""
    try:
        app(prog_name=NAME)
    except CommandFailed as problem:
        end(str(problem))
    except BrokenPipeError:  # `./heidi logs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if (known := failure_of(error)) is None:
            raise
        end(str(known))
    except Exception as error:
        if not isinstance(error, mendable()):
            raise
        end(str(error))


def mendable() -> tuple[type[Exception], ...]:
    """Errors that are sentences already; if their module was never imported, nobody can have raised them."""
    found = (getattr(sys.modules.get(module), name, None) for module, name in MENDABLE)
    return tuple(kind for kind in found if kind)


def end(text: str) -> None:
    """In red where there is colour."""
    typer.secho(text, fg=typer.colors.RED, err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
