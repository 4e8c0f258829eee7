"""What the command does: a plan, the files, what follows from them, and what is left."""

from collections.abc import Callable
from pathlib import Path

from tooling import bootstrap, install
from tooling.command_failed import CommandFailed
from tooling.new.plan import Plan, run

FOLLOWS = (("tests.contract.promises",), ("tooling.cli", "generate"))


def provide() -> None:
    """What formats and checks Python, once it is known that something will be written."""
    try:
        bootstrap.provide_checks()
    except install.Failed as failure:
        raise CommandFailed(str(failure)) from None


def carry_out(think: Callable[[Plan], None]) -> tuple[list[Path], list[str]]:
    """The files that were written, and what only a person can do; nothing is written where it does not fit."""
    plan = Plan()
    think(plan)
    provide()
    try:
        written = plan.write()
        for module in FOLLOWS:
            run(*module)
    except CommandFailed:
        plan.take_back()
        raise
    return written, list(dict.fromkeys(plan.left))
