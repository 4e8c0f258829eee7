"""Who holds data: the services with a database, which are those with migrations.

What is handed out or erased is complete when all of them have said so.
"""

from pathlib import Path

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"


def keepers(functions: Path = FUNCTIONS) -> tuple[str, ...]:
    """Their names, sorted; a folder that only a change of branch has left behind holds nothing."""
    return tuple(sorted({path.parts[-4] for path in functions.glob("*/migrations/versions/*.py")}))


KEEPERS = keepers()
