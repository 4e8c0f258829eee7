"""What documents and workflows tell people to run: is there such a command?"""

import re
from functools import lru_cache

import typer
from typer.main import get_command

from tooling.cli.__main__ import app

SPAN = re.compile(r"\./heidi((?:[ \t]+[^\s`|;&>),#]+)*)")


def heidi_commands(text: str) -> list[list[str]]:
    """Every `./heidi …` as its words; what follows a pipe, a comment or the end of the code is not part of
    it.
    """
    return [match[1].rstrip(".:").split() for match in SPAN.finditer(text)]


@lru_cache(1)
def root() -> typer.core.TyperGroup:
    command = get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    return command


def is_accepted(words: list[str]) -> bool:
    """Whether the command line has this command, with these options."""
    command, rest = root(), list(words)
    while rest and (subcommands := getattr(command, "commands", None)) and rest[0] in subcommands:
        command = subcommands[rest.pop(0)]
    if getattr(command, "commands", None) and rest and not rest[0].startswith("-"):
        return False
    options = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    } | {"--help", "-h"}
    return all(word.partition("=")[0] in options for word in rest if word.startswith("-") and word != "-")
