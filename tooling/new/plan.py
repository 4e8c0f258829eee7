"""What a command is about to write: nothing is written before all of it is known to fit."""

import subprocess
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from tooling.command_failed import CommandFailed
from tooling.registry import ROOT

FORMS = Path(__file__).parent / "forms"
AFTERWARDS = (  # in processes of their own, which import what is new
    ("ruff", "check", "--quiet", "--fix", "--unsafe-fixes", "--select", "I,F401"),
    ("ruff", "format", "--quiet"),
)


@lru_cache(1)
def environment() -> Any:
    """The forms; a value that is missing is a mistake of ours."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(FORMS),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 (Python, not HTML)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@dataclass
class Plan:
    """Files with their new text, and what is left for a person to do."""

    files: dict[Path, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    before: dict[Path, bytes | None] = field(default_factory=dict)

    def text(self, path: Path) -> str:
        """What a file will say, or says already; nothing where there is none."""
        there = ROOT / path
        return self.files.get(path) or (there.read_text("utf-8") if there.is_file() else "")

    def has(self, path: Path) -> bool:
        """Whether it is there, or will be."""
        return path in self.files or (ROOT / path).exists()

    def create(self, path: Path, form: str, /, **values: Any) -> None:
        """A new file; a CommandFailed where there is one."""
        if self.has(path):
            raise CommandFailed(f"{path} is there already; ./heidi new overwrites nothing.")
        self.files[path] = environment().get_template(f"{form}.py.j2").render(values)

    def ensure(self, path: Path, form: str, /, **values: Any) -> None:
        """A file that others may have made."""
        if not self.has(path):
            self.create(path, form, **values)

    def append(self, path: Path, form: str, /, **values: Any) -> None:
        """More at the end of a file."""
        self.files[path] = self.text(path) + environment().get_template(f"{form}.py.j2").render(values)

    def insert(self, path: Path, before: str, new: str) -> None:
        """Lines before the first place that begins like this; a CommandFailed where there is none."""
        text = self.text(path)
        at = text.find(before)
        if at < 0:
            raise CommandFailed(f"{path} has no line {before.strip()!r}, where the new one would go.")
        self.files[path] = text[:at] + new + text[at:]

    def write(self) -> list[Path]:
        """All of it, formatted; the paths in order."""
        for path, text in self.files.items():
            self.before[path] = (ROOT / path).read_bytes() if (ROOT / path).exists() else None
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(text, "utf-8", newline="\n")
        sources = [str(path) for path in self.files if path.suffix == ".py" and path.parts[-2] != "versions"]
        for command in AFTERWARDS:
            run(*command, *sources)
        return sorted(self.files)

    def take_back(self) -> None:
        """As it was: what did not come out well is not left behind."""
        for path, text in self.before.items():
            if text is None:
                (ROOT / path).unlink(missing_ok=True)
            else:
                (ROOT / path).write_bytes(text)


def run(*module: str) -> None:
    """A program of ours in a process of its own; a CommandFailed with what it says when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *module], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CommandFailed(f"{' '.join(module[:2])} fails:\n{done.stdout}{done.stderr}".rstrip())
