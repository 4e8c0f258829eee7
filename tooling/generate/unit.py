"""What is deployed as one: a function, or all functions of a service."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.kit.record import Kind, Load, Record
from tooling.generate.common import THREADS, by_service

HEAVY = 512  # MiB
TOGETHER = 16  # calls that one instance of a whole service takes at once, beside its streams
ROOM = 256  # MiB that a process with many functions may take itself (python -m bench.grains)
WHOLE = "service"  # what kind a whole service is
MOST = 1024  # MiB of one instance: what knative/overlays/*/quota.yaml allows


@dataclass(frozen=True)
class Unit:
    """Its name in the cluster, and what follows for all of it from its functions' records."""

    name: str
    service: str
    kind: Kind | str
    target: str
    summary: str
    records: tuple[Record, ...]
    at_once: int
    threads: int
    memory: int

    @property
    def timeout(self) -> int:
        """Seconds that the longest call may take."""
        return max(record.timeout for record in self.records)

    @property
    def min_scale(self) -> int:
        """Instances that are always there: as many as the warmest of its functions wants."""
        return max(record.min_scale for record in self.records)

    @property
    def scale_on(self) -> Load:
        """By its load, where one of its functions computes."""
        return "cpu" if any(record.scale_on == "cpu" for record in self.records) else "concurrency"

    @property
    def usual(self) -> int:
        """MiB that it is given a place for: what the process takes in use (docs/scale.md)."""
        return 64 if self.kind != WHOLE else 128

    @property
    def types(self) -> tuple[str, ...]:
        """The events that some function of it hears; `*` is every one."""
        if len(self.records) == 1:
            return self.records[0].types
        return tuple(sorted({type_ for record in self.records for type_ in record.types}))


def alone(record: Record) -> Unit:
    """A function by itself."""
    most = at_once(record)
    threads = min(most, THREADS) + 1
    return Unit(
        record.name,
        record.service,
        record.kind,
        record.target,
        record.summary,
        (record,),
        most,
        threads,
        record.memory,
    )


def together(records: Mapping[str, Record]) -> list[Unit]:
    """Each service as a whole."""
    return [whole(service, group) for service, group in by_service(records.values()).items()]


def whole(service: str, records: Iterable[Record]) -> Unit:
    """All functions of a service. Heavy work is done in processes beside it, as many as its memory has room for
    (shared/sandbox/confined.py).
    """
    found = tuple(records)
    heaviest = max(record.memory for record in found)
    return Unit(
        service,
        service,
        WHOLE,
        service,
        f"All functions of {service}.",
        found,
        TOGETHER + sum(record.threads for record in found),
        TOGETHER + 1,
        min(MOST, heaviest + ROOM if heaviest >= HEAVY else ROOM),
    )


def at_once(record: Record) -> int:
    """How many requests one instance takes at once: of what needs its memory for a single picture one, as of
    ticks; of streams as many as have a thread of their own.
    """
    if record.threads:
        return record.threads
    return 1 if record.kind == "tick" or record.memory >= HEAVY else THREADS
