"""How the start is going: on the terminal, or through a pipe to the terminal of another process."""

import json
import os
import time
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

SHOWN_EVERY = 0.08  # seconds; the spinner's own rhythm


class Reporter(Protocol):
    """What the supervisor says while it works."""

    def begin(self, step: str) -> None:
        """A step has started; several may be under way."""

    def note(self, step: str, text: str) -> None:
        """What the step is doing now."""

    def done(self, step: str, text: str = "") -> None:
        """The step has ended well."""

    def say(self, text: str) -> None:
        """A line that stays."""

    def tick(self) -> None:
        """Called often while waiting."""

    def settle(self) -> None:
        """Nothing is under way any more: leave the terminal as it should be."""


@dataclass(slots=True)
class Step:
    """One line on the terminal."""

    title: str
    started: float
    spinner: Spinner
    note: str = ""
    took: float | None = None

    def __rich__(self) -> Text | Spinner:
        if self.took is None:
            self.spinner.update(
                text=Text.assemble(self.title, ("  " + self.note if self.note else "", "dim"))
            )
            return self.spinner
        return Text.assemble(("✓ ", "green"), self.title, (f"  {self.note or f'{self.took:.1f} s'}", "dim"))


@dataclass(slots=True)
class Terminal:
    """Lines with a spinner; without a terminal one line per finished step."""

    console: Console = field(default_factory=lambda: Console(highlight=False))
    steps: dict[str, Step] = field(default_factory=dict)
    live: Live | None = None
    shown: float = 0.0

    def begin(self, step: str) -> None:
        """A new line with a spinner."""
        self.steps[step] = Step(step, time.monotonic(), Spinner("dots"))
        if self.console.is_terminal and self.live is None:
            self.live = Live(console=self.console, auto_refresh=False)
            self.live.start()
        self.tick()

    def note(self, step: str, text: str) -> None:
        """Grey, behind the title."""
        self.steps[step].note = text

    def done(self, step: str, text: str = "") -> None:
        """A tick in place of the spinner."""
        line = self.steps[step]
        line.note, line.took = text, time.monotonic() - line.started
        if self.live is None:
            self.console.print(line)
        self.shown = 0.0
        self.tick()

    def say(self, text: str) -> None:
        """Above the moving lines, if there are any."""
        self.console.print(text, markup=False, soft_wrap=True)

    def tick(self) -> None:
        """Move the spinners."""
        if self.live and time.monotonic() - self.shown > SHOWN_EVERY:
            self.shown = time.monotonic()
            self.live.update(Group(*self.steps.values()), refresh=True)

    def settle(self) -> None:
        """The lines stay, the cursor returns."""
        if self.live:
            self.live.stop()
            self.live = None
        self.steps.clear()


@dataclass(slots=True)
class Pipe:
    """Every call as a line of JSON, for `replay` at the other end; silent when nobody listens any more."""

    write_end: int

    def begin(self, step: str) -> None:
        """See Reporter."""
        self.send("begin", step)

    def note(self, step: str, text: str) -> None:
        """See Reporter."""
        self.send("note", step, text)

    def done(self, step: str, text: str = "") -> None:
        """See Reporter."""
        self.send("done", step, text)

    def say(self, text: str) -> None:
        """For the log too: standard output is the supervisor's log."""
        print(text, flush=True)
        self.send("say", text)

    def tick(self) -> None:
        """The other end has its own clock."""

    def settle(self) -> None:
        """See `tick`."""

    def close(self) -> None:
        """The other end reads an end of file."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def send(self, *call: str) -> None:
        """One line, written at once."""
        if self.write_end >= 0:
            try:
                os.write(self.write_end, (json.dumps(call) + "\n").encode())
            except BrokenPipeError:
                self.close()


def replay(line: str, reporter: Reporter) -> None:
    """Do here what was asked there."""
    name, *arguments = json.loads(line)
    if name in {"begin", "note", "done", "say"}:
        getattr(reporter, name)(*arguments)
