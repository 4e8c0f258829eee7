"""Until when a running gateway has taken changed code, and why it did not take what came after."""

import json
from pathlib import Path

WATCHED = ("functions", "shared", "events")
NOTE = "code.json"


def note(directory: Path, until: float | None, flaw: str = "") -> None:
    """Until this time all of it; with a flaw, until when it was before."""
    directory.mkdir(parents=True, exist_ok=True)
    draft = directory / f"{NOTE}.new"
    draft.write_text(json.dumps({"until": read(directory)[0] if until is None else until, "flaw": flaw}))
    draft.replace(directory / NOTE)


def read(directory: Path) -> tuple[float, str]:
    """The time of the newest file that it runs, and what is wrong with newer ones."""
    try:
        found = json.loads((directory / NOTE).read_text())
        return float(found["until"]), str(found["flaw"])
    except (OSError, ValueError, KeyError):
        return 0.0, ""
