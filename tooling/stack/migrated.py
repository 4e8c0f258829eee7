"""What each migration said when it ran here: it runs once, and what it says later is not in the databases."""

import ast
import json
from hashlib import sha256
from pathlib import Path

from tooling.stack.home import ROOT, Home


def edited(home: Home, root: Path = ROOT) -> list[str]:
    """Migrations that say something else since they ran; remarks and layout do not count."""
    now, ran = sayings(root), read(home)
    return [path for path in sorted(ran) if now.get(path, ran[path]) != ran[path]]


def note(home: Home, root: Path = ROOT) -> None:
    """All have run; of those that had run before, what they said then stays."""
    draft = home.migrated.with_suffix(".new")
    draft.write_text(json.dumps(sayings(root) | read(home)))
    draft.replace(home.migrated)


def hint(home: Home, root: Path = ROOT) -> str:
    """A sentence where there are such; empty where there are none."""
    found = edited(home, root)
    return (
        f"Changed after it ran here, and migrations run once: {', '.join(found)}. Write what is new into another "
        "migration; one that nobody else has run may begin afresh: ./heidi reset."
        if found
        else ""
    )


def sayings(root: Path) -> dict[str, str]:
    """A digest of each migration's code."""
    files = root.glob("functions/*/migrations/versions/*.py")
    return {
        str(file.relative_to(root)): sha256(ast.dump(ast.parse(file.read_bytes())).encode()).hexdigest()
        for file in files
    }


def read(home: Home) -> dict[str, str]:
    """What was noted."""
    try:
        found: dict[str, str] = json.loads(home.migrated.read_text())
    except (OSError, ValueError):
        return {}
    return found
