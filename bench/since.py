"""CPU seconds per 1,000 requests, this checkout against another one, in turns.

    git worktree add ../before <commit>
    python -m bench.since ../before ../before/.venv/bin/python [--seconds 2] [--rounds 7] [--only list get]

Each has a Postgres, a Redis and servers of its own, made by its own bench package under its own Python; only
one is loaded at a time, turn by turn. The least and the median count: what else a machine does only ever
adds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Self

HERE = Path(__file__).resolve()
CELLS = ("health", "list", "get", "search", "create")
Cost = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path)
    parser.add_argument("python", type=Path)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", default=CELLS, choices=CELLS)
    options = parser.parse_args()
    print(
        f"{'':8}{'least':>7}{'median':>8}  {'server CPU s/1,000':>20}  {'Postgres CPU s/1,000':>20}  {'requests/s':>18}"
    )
    with (
        Side(options.checkout.resolve(), options.python.absolute()) as before,
        Side(HERE.parents[1], Path(sys.executable)) as now,
    ):
        for cell in options.only:
            found = turns(before, now, cell, options.rounds, options.seconds)
            report(cell, found[0::2], found[1::2])


class Side:
    """One of the two: a process that loads its own server when it is told to."""

    def __init__(self, checkout: Path, python: Path) -> None:
        self.process = subprocess.Popen(
            [str(python), "-P", str(HERE), "--loads"],
            cwd=checkout,
            text=True,
            env=os.environ | {"PYTHONPATH": str(checkout)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def load(self, cell: str, seconds: float) -> Cost:
        """What one kind of request costs now."""
        assert self.process.stdin
        assert self.process.stdout
        print(cell, seconds, file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith("{"):
                cost: Cost = json.loads(line)
                return cost
        raise SystemExit("a server could not be measured; why is above")


def turns(before: Side, now: Side, cell: str, rounds: int, seconds: float) -> list[Cost]:
    """Before, now, before, now; each is the first one as often as the other."""
    found = []
    for turn in range(rounds):
        first, second = (now, before) if turn % 2 else (before, now)
        pair = [first.load(cell, seconds), second.load(cell, seconds)]
        found += pair[::-1] if turn % 2 else pair
    return found


def report(cell: str, before: list[Cost], now: list[Cost]) -> None:
    """One line a kind of request; left and right of → before and now, the medians."""
    least = min(cost["server"] for cost in now) / min(cost["server"] for cost in before)
    medians = {
        what: [statistics.median(cost[what] for cost in side) for side in (before, now)]
        for what in ("server", "postgres", "rate")
    }
    print(
        f"{cell:8}{least:7.3f}{medians['server'][1] / medians['server'][0]:8.3f}"
        f"  {'{:.3f} → {:.3f}'.format(*medians['server']):>20}  {'{:.3f} → {:.3f}'.format(*medians['postgres']):>20}"
        f"  {'{:,.0f} → {:,.0f}'.format(*medians['rate']):>18}",
        flush=True,
    )


def loads() -> None:
    """One side: serve what is asked for, load it for so many seconds, say what it cost."""
    from bench.http_cost import FUNCTIONS, requests, run
    from bench.stack import OURS, Served, stack

    served: dict[str, Served] = {}
    with stack() as postgres, ExitStack() as open_:
        for line in sys.stdin:
            cell, seconds = line.split()
            texts = requests(cell, OURS.health)
            if cell not in served:
                served[cell] = open_.enter_context(OURS.serving(FUNCTIONS[cell]))
                run(served[cell], 1, texts, postgres)
            print(json.dumps(asdict(run(served[cell], float(seconds), texts, postgres))), flush=True)


if __name__ == "__main__":
    loads() if sys.argv[1:] == ["--loads"] else main()
