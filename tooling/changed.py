"""`./heidi test --changed`: the checks, and of the tests those that a change can reach."""

import json
import os
import subprocess
from collections.abc import Mapping

from tooling import reach, selection
from tooling.check import CHECKS, IN_PARALLEL, PYTEST, passes
from tooling.stack.home import ROOT

QUICK = 20.0  # seconds of tests for each processor: with the checks, a minute
UNKNOWN = 3.0  # seconds of a file that has never run here
LONG = 9.0  # seconds from which on workers are worth their start
FEW = 8  # functions whose own cases are run
NO_TESTS = 5  # what pytest says when all were left out


def run() -> int:
    """All checks, and the tests that a change can reach, the nearest first, as many as fit into a minute."""
    if not (changed := reach.changes()):
        print("Nothing differs from main: ./heidi test runs everything.")
        return 0
    failed = [title for title, command in CHECKS if not passes(title, command)]
    found = reach.Reach.of(changed)
    functions = [*found.functions][:FEW]
    chosen, seconds = fitting(found.tests, QUICK * (os.cpu_count() or 1), len(functions))
    print(
        f"{len(changed)} files differ from main. They can reach {len(found.functions)} functions and {len(found.tests)} "
        f"files of tests; running the nearest {len(chosen)}"
        + (f", with the cases of {', '.join(functions)}" if functions else "")
        + (f" of {len(found.functions)} functions" if len(found.functions) > FEW else "")
        + ("." if len(chosen) == len(found.tests) else "; ./heidi test runs all."),
        flush=True,
    )
    if not chosen:
        return 1 if failed else 0
    how = IN_PARALLEL if seconds > LONG else ()
    only = {selection.ONLY: json.dumps({"functions": functions, "whole": changed})} if functions else {}
    code = subprocess.call([*PYTEST, *how, *chosen], cwd=ROOT, env=os.environ | only)
    nothing = code == NO_TESTS
    return (0 if nothing else code) or (1 if failed else 0)


def fitting(tests: Mapping[str, int], budget: float, functions: int) -> tuple[list[str], float]:
    """Those that were changed, and the first that need no more than the budget together, one at least; and how
    long they take.
    """
    known, every = selection.durations(), len(reach.Code(ROOT).functions)
    chosen: list[str] = []
    total = 0.0
    for path in tests:
        share = functions / every if reach.ALL_OF_THEM in (ROOT / path).read_text("utf-8") else 1.0
        seconds = known.get(path, UNKNOWN) * share
        if not chosen or not tests[path] or total + seconds <= budget:
            chosen.append(path)
            total += seconds
    return chosen, total
