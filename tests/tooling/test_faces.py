"""What the functions say of themselves is written down: a gateway begins with it before it imports any."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from broker.triggers import load
from shared.runtime.registry import ROOT, records, ticks, triggers
from tooling import faces

IMPORTED = """
import json, sys
from pathlib import Path
from tooling import faces
faces.known(Path(sys.argv[1]))
print(json.dumps([name for name in sys.modules if name.startswith("functions.")]))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where somebody has written them down."""
    faces.known(made := tmp_path_factory.mktemp("home"))
    return made


def imported(home: Path) -> list[str]:
    """Which of the functions' modules a process imports that reads them."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", IMPORTED, str(home)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    names: list[str] = json.loads(done.stdout)
    return names


def test_they_say_what_the_records_say(home: Path) -> None:
    found = faces.known(home)
    assert found.keys() == records().keys()
    for name, record in records().items():
        face = found[name]
        for fact in ("name", "module", "service", "kind", "access", "method", "addresses", "types", "cron"):
            assert getattr(face, fact) == getattr(record, fact), (name, fact)
        assert faces.whole(face) is record


def test_the_broker_hears_from_them_what_it_hears_from_the_records(home: Path) -> None:
    told = load(home / faces.TRIGGERS)
    assert sorted((each.name, each.type, each.batches, each.outward) for each in told[0]) == sorted(
        triggers()
    )
    assert sorted((each.name, each.cron) for each in told[1]) == sorted(ticks())


def test_who_reads_them_imports_nothing_but_what_has_changed(home: Path) -> None:
    assert imported(home) == []
    kept = faces.read(home / faces.FILE)
    kept["files"]["functions/core/tiles/list_tiles.py"][0] -= 1
    faces.write(home / faces.FILE, kept)
    again = imported(home)
    assert "functions.core.tiles.list_tiles" in again
    assert not [name for name in again if not name.startswith("functions.core")]
    assert imported(home) == []


def test_what_is_damaged_is_read_anew(home: Path) -> None:
    (home / faces.FILE).write_text("{")
    assert faces.known(home).keys() == records().keys()
    assert imported(home) == []
