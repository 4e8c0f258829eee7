"""Import what a command needs when it runs, inside the settings of the running stack."""

import importlib
import os
from types import ModuleType

from tooling.command_failed import CommandFailed


def engine(name: str) -> ModuleType:
    """The module; a CommandFailed while it is not written."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise CommandFailed(f"This command is not in this checkout: {name} is missing.") from None
        raise


def enter() -> dict[str, str]:
    """Take over the running stack's settings into this process, and return them; a CommandFailed if it is not
    running.
    """
    from tooling.stack.control import running_environment

    settings = running_environment()
    os.environ.update(settings)
    return settings
