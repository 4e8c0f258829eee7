"""Branch coverage: measured by one command, written down for each package, and kept from falling.

What programs that tests start have run counts too, as long as they end by themselves; what a killed one has
run does not. So a figure is what was seen to run, and no less is true.
"""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tooling.stack.home import ROOT

DATA = ROOT / ".coverage"
FLOORS = ROOT / "tests" / "coverage.json"
COVERAGE = (sys.executable, "-m", "coverage")
SLACK = 0.5  # points: what takes turns (threads, retries) does not run in the same way each time


def measure(arguments: Sequence[str], workers: Sequence[str]) -> int:
    """All tests, or those that the arguments choose, and what share of each package's lines and branches they
    take.

    The exit code is pytest's; or 1 where all tests were run and a package is below its floor.
    """
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir()
    code = subprocess.call([*COVERAGE, "run", "-m", "pytest", *(arguments or workers)], cwd=ROOT)
    found = measured()
    floors: dict[str, float] = json.loads(FLOORS.read_text("utf-8"))
    print(table(found, floors))
    fallen = [] if arguments else below(found, floors)
    print("\n".join(fallen), end="\n" if fallen else "")
    return code or (1 if fallen else 0)


def measured() -> dict[str, float]:
    """Percent of each package, from what the tests' processes left in DATA."""
    subprocess.run([*COVERAGE, "combine", "--quiet", "--keep"], cwd=ROOT, check=True)
    report = DATA / "report.json"
    subprocess.run([*COVERAGE, "json", "--quiet", "-o", str(report)], cwd=ROOT, check=True)
    return shares(json.loads(report.read_text("utf-8"))["files"])


def shares(files: Mapping[str, Mapping[str, Mapping[str, int]]]) -> dict[str, float]:
    """Percent of each package's statements and branches together, as coverage's JSON counts them per file."""
    there, taken = Counter[str](), Counter[str]()
    for path, file in files.items():
        there[package(path)] += file["summary"]["num_statements"] + file["summary"]["num_branches"]
        taken[package(path)] += file["summary"]["covered_lines"] + file["summary"]["covered_branches"]
    return {name: round(100 * taken[name] / there[name], 1) for name in sorted(there) if there[name]}


def package(path: str) -> str:
    """A service, or one of the other rooms of the house: `functions/core`, `shared/db`, `broker`."""
    top, *rest = Path(path).parts
    return f"{top}/{rest[0]}" if len(rest) > 1 and top in {"functions", "shared", "tooling"} else top


def below(found: Mapping[str, float], floors: Mapping[str, float]) -> list[str]:
    """What to do where a package fell, or has no floor yet."""
    return [
        f"✗ {name}: {found[name]} % is less than its {floors[name]} %. Test what is new, or say in {FLOORS.name} why not."
        for name in found.keys() & floors.keys()
        if found[name] < floors[name] - SLACK
    ] + [
        f'✗ {name}: {found[name]} %, and no floor: write "{name}": {found[name]} into tests/{FLOORS.name}.'
        for name in sorted(found.keys() - floors.keys())
    ]


def table(found: Mapping[str, float], floors: Mapping[str, float]) -> str:
    """A line per package: measured, and its floor."""
    return "\n".join(
        f"{name:28}{share:6.1f} %  (floor {floors.get(name, 0):.1f})" for name, share in found.items()
    )
