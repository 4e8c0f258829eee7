"""Runs of the tests begin with a migrated cluster that is made once; none of them notices another."""

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests import kept_cluster
from tooling.stack.home import ROOT
from tooling.stack.postgres import Postgres, embedded_postgres

WAITS = (
    "import sys, time; from tests.kept_cluster import own_directory\n"
    "with own_directory() as made: print(made, flush=True); time.sleep(600)"
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Instead of migrations: one table; whenever that was made."""
    times: list[str] = []

    def migrate(server: Postgres) -> None:
        times.append("once more")
        with server.connect() as connection:
            connection.run("CREATE TABLE kept (n int)")

    monkeypatch.setattr(kept_cluster, "migrate", migrate)
    return times


def started(shelf: Path, place: Path) -> "list[list[object]]":
    """What a run that starts now finds, before it writes something itself."""
    place.mkdir()
    for directory in (place, *place.parents[:2]):
        directory.chmod(0o755)
    lay = partial(kept_cluster.lay, shelf)
    with embedded_postgres(place, kept_cluster.SUPERUSER, lay=lay) as server, server.connect() as connection:
        found = connection.run("SELECT n FROM kept")
        connection.run("INSERT INTO kept VALUES (1)")
        return found or []


def test_a_run_has_a_copy_of_what_an_earlier_one_made_and_not_of_what_it_wrote(
    made: list[str], tmp_path: Path
) -> None:
    (shelf := tmp_path / "shelf").mkdir()
    (half := shelf / f"{kept_cluster.key()}.new").mkdir()  # of a run that was killed
    (half / "data").mkdir()
    assert [started(shelf, tmp_path / str(n)) for n in range(3)] == [[], [], []]
    assert made == ["once more"]
    assert [path.name for path in shelf.iterdir() if path.is_dir()] == [kept_cluster.key()]


def test_another_migration_needs_another_cluster_and_what_is_stale_goes(
    made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shelf := tmp_path / "shelf").mkdir()
    before = kept_cluster.key()
    for number, name in enumerate(("oldest", "older", before)):
        (shelf / name).mkdir()
        os.utime(shelf / name, (number, number))
    migration = tmp_path / "functions" / "core" / "migrations" / "versions" / "0099_more.py"
    migration.parent.mkdir(parents=True)
    migration.write_text("from shared.db.migration import grant\n")
    real = kept_cluster.sources()
    monkeypatch.setattr(kept_cluster, "ROOT", tmp_path)
    for path in real:
        copied = tmp_path / path.relative_to(ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(path.read_bytes())
    after = kept_cluster.key()
    assert after != before
    migration.unlink()
    assert kept_cluster.key() == before
    monkeypatch.setattr(kept_cluster, "key", lambda: after)
    started(shelf, tmp_path / "run")
    assert made == ["once more"]
    assert {path.name for path in shelf.iterdir() if path.is_dir()} == {before, after}


def test_what_a_killed_run_left_is_cleared_away_and_what_lives_stays(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", WAITS],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    killed, living = (Path(process.stdout.readline().strip()) for process in running if process.stdout)
    running[0].kill()
    running[0].communicate()
    kept_cluster.sweep(tmp_path)
    assert killed.exists()  # one that begins just now has no lock yet
    long_ago = time.time() - kept_cluster.SETTLED - 1
    for directory in (killed, living):
        os.utime(directory / kept_cluster.ALIVE, (long_ago, long_ago))
    kept_cluster.sweep(tmp_path)
    assert not killed.exists()
    assert living.exists()
    running[1].terminate()
    running[1].communicate()
