"""`./heidi test --changed`: what a change can reach, the nearest first."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tooling import changed, selection
from tooling.reach import Reach, changes
from tooling.stack.home import ROOT

FILES = {
    "events/core.py": "",
    "shared/kit/paging.py": "",
    "shared/kit/texts.json": "{}",
    "functions/core/tiles/tile.py": "from shared.kit import paging\n",
    "functions/core/tiles/list_tiles.py": "from functions.core.tiles.tile import (\n    Tile,\n)\n\n@http.get('/t')\ndef list_tiles(): ...\n",
    "functions/audit/record_entry.py": "from events.core import A\n\n@on(A)\ndef record_entry(): ...\n",
    "functions/audit/migrations/versions/0001_begin.py": "",
    "tests/support.py": "from tooling.registry import records\nrecords()\n",
    "tests/core/test_tiles.py": "from tests.support import call\ncall('list-tiles')\n",
    "tests/core/test_paging.py": "from shared.kit.paging import page\n",
    "tests/contract/test_all.py": "from tests.support import records\nrecords()\n",
    "tests/core/test_events.py": "city.settle()\n",
    "tests/deploy/test_edge.py": 'read(ROOT / "deploy" / "edge")\n',
    "tests/deploy/test_stack.py": 'read("stack.yml")\n',
    "tooling/registry.py": "",
    "stack.yml": "",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small collection under version control."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "begin"]):
        git(tmp_path, *arguments)
    return tmp_path


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def test_changes_are_what_main_does_not_have_committed_or_not(root: Path) -> None:
    assert changes(root) == []
    git(root, "checkout", "-qb", "mine")
    (root / "events/core.py").write_text("A = 1\n")
    git(root, "commit", "-qam", "mine")
    (root / "stack.yml").write_text("changed\n")
    (root / "new.py").write_text("")
    assert changes(root) == ["events/core.py", "new.py", "stack.yml"]


@pytest.mark.parametrize(
    ("path", "tests", "functions"),
    [
        ("functions/core/events/rules/set_events.py", ["tests/core/test_events.py"], []),
        ("deploy/edge/routes.caddy", ["tests/deploy/test_edge.py"], []),
        (
            "functions/core/tiles/tile.py",
            ["tests/core/test_tiles.py", "tests/contract/test_all.py"],
            ["list-tiles"],
        ),
        ("events/core.py", ["tests/core/test_events.py", "tests/contract/test_all.py"], ["record-entry"]),
        (
            "shared/kit/paging.py",
            ["tests/core/test_paging.py", "tests/core/test_tiles.py", "tests/contract/test_all.py"],
            ["list-tiles"],
        ),
        ("stack.yml", ["tests/deploy/test_stack.py"], []),
        ("tests/core/test_paging.py", ["tests/core/test_paging.py"], []),
        ("shared/kit/texts.json", ["tests/core/test_paging.py"], ["list-tiles"]),
        ("shared/kit/gone.py", ["tests/core/test_paging.py"], ["list-tiles"]),
        ("docs/guide.md", [], []),
    ],
)
def test_a_change_reaches_whoever_imports_calls_hears_or_names_it(
    root: Path, path: str, tests: list[str], functions: list[str]
) -> None:
    found = Reach.of([path], root)
    assert set(tests) <= set(found.tests)
    assert next((test for test in found.tests if test in tests), "") == (tests[0] if tests else "")
    assert [*found.functions] == functions


def test_what_has_changed_together_before_is_near(root: Path) -> None:
    far = "tests/deploy/test_stack.py"
    assert far not in Reach.of(["functions/core/tiles/tile.py"], root).tests
    for number in "12":
        for path in (far, "functions/core/tiles/tile.py"):
            (root / path).write_text(FILES[path] + f"# {number}\n")
        git(root, "commit", "-qam", number)
    assert Reach.of(["functions/core/tiles/tile.py"], root).tests[far] == 1


def test_only_as_much_is_chosen_as_fits_and_the_nearest_always(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = "tests/core/test_tiles.py", "tests/core/test_categories.py"
    monkeypatch.setattr(selection, "durations", lambda: {near: 70.0, far: 1.0})
    assert changed.fitting({near: 1, far: 2}, 60.0, 1) == ([near], 70.0)
    assert changed.fitting({far: 1, near: 2}, 60.0, 1) == ([far], 1.0)
    assert changed.fitting({far: 1, near: 0}, 60.0, 1) == ([far, near], 71.0)


def test_of_what_is_tested_for_every_function_only_the_wanted_ones_run(tmp_path: Path) -> None:
    def collected(only: dict[str, list[str]]) -> str:
        command = [sys.executable, "-P", "-m", "pytest", "-p", "tooling.selection", "--collect-only"]
        done = subprocess.run(
            [*command, "tests/contract/test_bad_input.py"],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HEIDI_TEST_RUN": str(tmp_path)}
            | {"ENVIRONMENT": "test", selection.ONLY: json.dumps(only)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    said = collected({"functions": ["create-listing"], "whole": []})
    assert "create-listing" in said
    assert "create-category" not in said
    assert "deselected" in said
    assert "create-category" in collected(
        {"functions": ["create-listing"], "whole": ["tests/contract/test_bad_input.py"]}
    )
