"""Play the scenes in the terminal."""

import time

from rich.console import Console

from tooling.command_failed import CommandFailed
from tooling.demo.scenes import SCENES
from tooling.demo.stage import Stage, Unexpected

PAUSE = 2.0


def play(*, fast: bool = False) -> None:
    """All scenes, one after the other; a CommandFailed where the story goes wrong."""
    console = Console()
    stage = Stage(say=lambda text: console.print(f"   {text}", style="green"))
    for number, scene in enumerate(SCENES, 1):
        console.print(f"\n[bold]{number}. {scene.__doc__}[/bold]")
        started = time.perf_counter()
        try:
            scene(stage)
        except Unexpected as error:
            raise CommandFailed(f"The story went wrong in scene {number}: {error}") from None
        console.print(f"   [dim]{time.perf_counter() - started:.1f} s[/dim]")
        if not fast:
            time.sleep(PAUSE)
    console.print(f"\nMails and pushes: {stage.inbox} — the API: {stage.gateway}/api/docs")
