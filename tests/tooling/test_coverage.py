"""Branch coverage has a floor for each package, and falling below it says what to do."""

import json

from tooling import coverage
from tooling.stack.home import ROOT


def file(statements: int, covered: int, branches: int, taken: int) -> dict[str, dict[str, int]]:
    return {
        "summary": {
            "num_statements": statements,
            "covered_lines": covered,
            "num_branches": branches,
            "covered_branches": taken,
        }
    }


def test_a_package_is_a_service_a_room_or_a_house() -> None:
    assert [
        coverage.package(path)
        for path in ("functions/core/tiles/tile.py", "shared/context.py", "shared/db/pg.py", "broker/lane.py")
    ] == ["functions/core", "shared", "shared/db", "broker"]


def test_branches_count_as_lines_do() -> None:
    files = {
        "broker/lane.py": file(8, 8, 2, 1),
        "broker/tick.py": file(10, 5, 0, 0),
        "events/__init__.py": file(0, 0, 0, 0),
    }
    assert coverage.shares(files) == {"broker": 70.0}


def test_what_falls_and_what_has_no_floor_is_told() -> None:
    fallen, new = coverage.below(
        {"broker": 69.4, "functions/waste": 88.0, "shared/db": 95.0}, {"broker": 70.0, "shared/db": 90.0}
    )
    assert fallen.startswith("✗ broker: 69.4 % is less than its 70.0 %.")
    assert new.startswith('✗ functions/waste: 88.0 %, and no floor: write "functions/waste": 88.0 into')


def test_no_floor_is_left_of_a_package_that_is_gone() -> None:
    there = {
        coverage.package(path.relative_to(ROOT).as_posix())
        for top in ("broker", "events", "functions", "shared", "tooling")
        for path in (ROOT / top).rglob("*.py")
        if path.name != "__init__.py" and "versions" not in path.parts
    }
    assert json.loads(coverage.FLOORS.read_text("utf-8")).keys() - there == set()
