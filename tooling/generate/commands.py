"""docs/reference/commands.txt: the help of every command, which `./heidi --help` shows where nothing is
installed yet.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from shared.kit.record import Record

HEADING = "$ "  # tooling/bootstrap.py finds a command's help by it
WIDTH = 100


def render(_: Mapping[str, Record]) -> str:
    """Each under the line that one types."""
    from tooling.cli.__main__ import NAME, app

    return "\n".join(
        f"{HEADING}{line} --help\n{text}\n" for line, text in helps(typer.main.get_command(app), NAME)
    )


def helps(command: Any, name: str, above: Any = None) -> Iterator[tuple[str, str]]:
    """A command's help and those of the commands in it; Any, because typer brings its own click in some
    versions.
    """
    command.rich_markup_mode = None  # text, without boxes
    context = command.make_context(
        name, [], above, resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH
    )
    yield context.command_path, command.get_help(context)
    for part in command.list_commands(context) if hasattr(command, "list_commands") else ():
        if not (found := command.get_command(context, part)).hidden:
            yield from helps(found, part, context)
