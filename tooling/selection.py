"""A plugin of pytest: of what is tested for each function only the wanted ones, and how long each file took."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tooling.reach import ALL_OF_THEM, Code
from tooling.stack.home import ROOT

ONLY = "HEIDI_ONLY"
DURATIONS = ROOT / ".heidi" / "tests" / "durations.json"
took: dict[str, float] = {}


def durations() -> dict[str, float]:
    """Seconds of each file of tests when it ran last; nothing where that is not known."""
    try:
        found: dict[str, float] = json.loads(DURATIONS.read_text())
    except (OSError, ValueError):
        return {}
    return found


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the cases of functions that are not asked for, where a file has some for every function."""
    if (text := os.environ.get(ONLY)) is None:
        return
    said, code = json.loads(text), Code(ROOT)
    only, known = set(said["functions"]), set(code.functions)

    def is_for_others(item: pytest.Item) -> bool:
        path = item.nodeid.partition("::")[0]
        named = functions_of(item) & known
        is_of_all = path not in said["whole"] and ALL_OF_THEM in code.texts.get(path, "")
        return is_of_all and bool(named) and not named & only

    left = [item for item in items if is_for_others(item)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]


def functions_of(item: Any) -> set[str]:
    """Names that its parameters may mean; a record has one."""
    parameters = getattr(item, "callspec", None)
    values = parameters.params.values() if parameters else ()
    return {str(getattr(value, "name", value)).replace("_", "-") for value in values}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add it up."""
    path = report.nodeid.partition("::")[0]
    took[path] = took.get(path, 0.0) + report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remember what was run as a whole."""
    if hasattr(session.config, "workerinput") or os.environ.get(ONLY) is not None or not took:
        return
    path = Path(DURATIONS)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(durations() | {name: round(each, 2) for name, each in sorted(took.items())}))
    draft.replace(path)
