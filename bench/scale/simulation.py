"""A discrete simulation of one busy minute: calls arrive at random and wait for an instance, a connection and
a core.

Every call needs a thread of an instance, half of its work there, a server connection of PgBouncer, a core of
Postgres, and the other half of its work. Instances are added as Knative's autoscaler does it: by the calls in
flight, a few seconds late.
"""

import math
import random
import statistics
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from bench.scale import costs
from bench.scale.costs import Cost
from bench.scale.workload import Scenario

THREADS = 8  # of an instance (tooling/generate/common.py)
TARGET = 0.7 * THREADS  # Knative aims at 70 % of containerConcurrency
# seconds until a new instance's container runs: an assumption; the process' own start is measured
SCHEDULING = 2.0
INTERVAL, WINDOW = 2.0, 6.0  # seconds between the autoscaler's decisions, and that its panic mode looks back


@dataclass(frozen=True, slots=True)
class Plant:
    """What there is: warm instances per kind of call, most instances, server connections, Postgres' cores."""

    warm: int
    most: int
    connections: int
    cores: int


@dataclass(slots=True)
class Seen:
    """What was seen: milliseconds of each call, most calls waiting for a connection, the busy share of
    Postgres.
    """

    times: list[float] = field(default_factory=list)
    waiting: int = 0
    postgres: float = 0.0
    instances: int = 0

    def percentile(self, share: float) -> float:
        """Milliseconds that this share of calls stayed under."""
        return sorted(self.times)[int(share * (len(self.times) - 1))]

    @property
    def median(self) -> float:
        """Milliseconds that half of the calls stayed under."""
        return statistics.median(self.times)


class Fleet:
    """The instances of one function: each has a core's worth of Python; those that are not there yet are
    taken by nobody.
    """

    def __init__(self, environment: simpy.Environment, plant: Plant) -> None:
        self.environment, self.plant = environment, plant
        self.count = plant.warm
        self.flying = 0
        self.seen: list[int] = []
        self.cores = simpy.Resource(environment, capacity=plant.most)
        self.absent = [self.cores.request() for _ in range(plant.most - plant.warm)]
        environment.process(self.autoscale())

    def autoscale(self) -> Generator[Any, Any, Any]:
        """Look every two seconds whether there are enough; nobody is sent away within a minute."""
        while True:
            yield self.environment.timeout(INTERVAL)
            self.seen = [*self.seen, self.flying][-int(WINDOW / INTERVAL) :]
            wanted = min(self.plant.most, math.ceil(statistics.mean(self.seen) / TARGET))
            for _ in range(wanted - self.count):
                self.count += 1
                self.environment.process(self.start())

    def start(self) -> Generator[Any, Any, Any]:
        """An instance more, when it has started."""
        yield self.environment.timeout(SCHEDULING + costs.COLD_START / 1000)
        self.cores.release(self.absent.pop())


class Minute:
    """One simulated stretch of time."""

    def __init__(self, plant: Plant, seed: int) -> None:
        self.environment, self.plant, self.seen = simpy.Environment(), plant, Seen()
        self.draw = random.Random(seed)
        self.connections = simpy.Resource(self.environment, capacity=plant.connections)
        self.postgres = simpy.Resource(self.environment, capacity=plant.cores)
        self.busy = 0.0
        self.fleets: list[Fleet] = []

    def run(self, loads: list[tuple[float, Cost]], seconds: float, burst: float = 1.0) -> Seen:
        """Calls per second and their cost by kind; in the second half there are `burst` times as many."""
        for rate, cost in loads:
            fleet = Fleet(self.environment, self.plant)
            self.fleets.append(fleet)
            self.environment.process(self.arrive(fleet, rate, cost, seconds, burst))
        self.environment.run(until=seconds)
        self.seen.postgres = self.busy / (self.plant.cores * seconds)
        self.seen.instances = sum(fleet.count for fleet in self.fleets)
        return self.seen

    def arrive(
        self, fleet: Fleet, rate: float, cost: Cost, seconds: float, burst: float
    ) -> Generator[Any, Any, Any]:
        """Calls that know nothing of each other."""
        while True:
            now = rate * (burst if self.environment.now > seconds / 2 else 1.0)
            yield self.environment.timeout(self.draw.expovariate(now))
            self.environment.process(self.call(fleet, cost))

    def call(self, fleet: Fleet, cost: Cost) -> Generator[Any, Any, Any]:
        """One call, from arrival to answer."""
        began = self.environment.now
        fleet.flying += 1
        half = cost.function / 2000
        yield from self.work(fleet.cores, half)
        with self.connections.request() as connection:
            self.seen.waiting = max(self.seen.waiting, len(self.connections.queue))
            yield connection
            yield from self.work(self.postgres, cost.postgres / 1000)
            self.busy += cost.postgres / 1000
        yield from self.work(fleet.cores, half)
        fleet.flying -= 1
        self.seen.times.append((self.environment.now - began) * 1000)

    def work(self, cores: simpy.Resource, seconds: float) -> Generator[Any, Any, Any]:
        """Wait for a core and keep it busy."""
        with cores.request() as turn:
            yield turn
            yield self.environment.timeout(seconds)


def simulate(
    scenario: Scenario,
    plant: Plant,
    *,
    seconds: float = 60,
    burst: float = 1.0,
    part: float = 1.0,
    seed: int = 1,
) -> Seen:
    """The busiest minute, or a `part` of all its calls on a plant for that part, which is the harder case."""
    loads = [
        (scenario.peak(n) * part, cost)
        for n, cost in scenario.calls.values()
        if scenario.peak(n) * part > 1e-6
    ]
    events = (
        scenario.peak(scenario.deliveries) * part,
        Cost(*map(sum, zip(costs.HANDLE, costs.DISPATCH, strict=True))),
    )
    return Minute(plant, seed).run([*loads, events], seconds, burst)
