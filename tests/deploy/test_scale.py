"""docs/scale.md: the arithmetic and the simulation behind it say the same, and the page says what they say."""

import pytest

from bench.scale.__main__ import needs, plant
from bench.scale.costs import Cost
from bench.scale.simulation import Minute, Plant, simulate
from bench.scale.workload import SCENARIOS
from tooling.registry import ROOT


def test_the_simulated_minute_keeps_postgres_as_busy_as_the_arithmetic_says() -> None:
    scenario, part = SCENARIOS[-1], 0.02
    given = plant(scenario, part)
    seen = simulate(scenario, given, seconds=20, part=part)
    assert seen.postgres == pytest.approx(scenario.cores("postgres") * part / given.cores, rel=0.1)


def test_calls_that_nobody_else_hinders_take_what_they_cost() -> None:
    seen = Minute(Plant(warm=1, most=1, connections=5, cores=1), 1).run([(1.0, Cost(4.0, 6.0))], 200)
    assert seen.median == pytest.approx(10.0, abs=0.5)
    assert seen.waiting == 0


def test_a_plant_that_is_too_small_makes_people_wait() -> None:
    fits, starves = (
        Minute(Plant(1, 1, connections, 4), 1).run([(100.0, Cost(0.2, 15.0))], 20) for connections in (20, 1)
    )
    assert starves.waiting > 10 * max(1, fits.waiting)
    assert starves.percentile(0.95) > 10 * fits.percentile(0.95)


def test_instances_are_added_when_calls_pile_up_and_never_more_than_allowed() -> None:
    busy = [(150.0, Cost(10.0, 0.1))]  # one and a half cores of Python
    alone, growing = (Minute(Plant(1, most, 50, 4), 1).run(busy, 40) for most in (1, 4))
    assert alone.instances == 1
    assert 2 <= growing.instances <= 4
    assert growing.median < alone.median / 10


def test_the_page_says_what_the_arithmetic_says() -> None:
    text = (ROOT / "docs" / "scale.md").read_text("utf-8")
    columns = [dict(needs(scenario)) for scenario in SCENARIOS]
    for name in columns[0]:
        assert f"| {name} | {' | '.join(column[name] for column in columns)} |" in text
