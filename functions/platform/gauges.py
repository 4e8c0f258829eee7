"""The gauges of the platform as a whole, read from every service's database as the relay role."""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from functions.platform.outbox_relay import TROUBLE, report
from functions.platform.queries import (
    BUILD_DURATIONS,
    BUILD_QUEUE,
    BUILDS,
    DEAD_LETTERS,
    DELIVERIES,
    OUTBOX_SIZE,
    SESSIONS,
)
from shared.adapters import circuit_breaker
from shared.db.pg import Row
from shared.db.relay_role import ask
from shared.errors import Unavailable
from shared.kit.keepers import KEEPERS
from shared.kit.settings import settings
from shared.telemetry.metrics import Family

Ask = Callable[[str], list[Row]]
BUILD_BOUNDS = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)


def measurements() -> list[Family]:
    """All gauges; those of a database that does not answer are left out, and it is marked as down."""
    up: list[tuple[tuple[str, ...], float]] = []
    found: list[Family] = []
    for service in KEEPERS:  # their databases cannot be asked for it when they are down
        families = measured(service)
        up.append(((service,), float(families is not None)))
        found += families or ()
    return [
        gauge("heidi_platform_metrics_up", "Whether a service's database answered", ("service",), up),
        *circuits(),
        *merged(found),
    ]


def circuits() -> list[Family]:
    """Which outside systems are left alone at the moment; nothing where Redis, which knows it, does not
    answer.
    """
    try:
        found = circuit_breaker.states()
    except Unavailable:
        return []
    return [
        gauge(
            "heidi_circuit_state",
            "0 closed, 1 half-open, 2 open, 3 its credentials are refused",
            ("dependency",),
            [((dependency,), circuit_breaker.LEVELS[state]) for dependency, state in found.items()],
        )
    ]


def measured(service: str) -> list[Family] | None:
    """What one database says of itself; None when it does not answer."""
    database = settings().postgres_database_prefix + service
    try:
        measures = (outbox, *MEASURES.get(service, ()))
        return [family for measure in measures for family in measure(service, lambda sql: ask(database, sql))]
    except TROUBLE as error:
        report(database, error)
        return None


def outbox(service: str, ask: Ask) -> list[Family]:
    """Events that the broker does not have yet."""
    [[events, oldest]], who = ask(OUTBOX_SIZE), (service,)
    return [
        gauge("heidi_outbox_events", "Events that wait for the broker", ("service",), [(who, events)]),
        gauge(
            "heidi_outbox_oldest_seconds",
            "How long the oldest of them has waited",
            ("service",),
            [(who, float(oldest))],
        ),
    ]


def builds(_: str, ask: Ask) -> list[Family]:
    """Builds under way, and those that ended within a day."""
    [[oldest]] = ask(BUILD_QUEUE)
    return [
        gauge(
            "heidi_builds",
            "Builds under way, and those of the last day",
            ("platform", "state"),
            counted(ask(BUILDS)),
        ),
        gauge(
            "heidi_build_queue_oldest_seconds",
            "How long the oldest queued build has waited",
            (),
            [((), float(oldest))],
        ),
        durations(ask(BUILD_DURATIONS)),
    ]


def durations(rows: list[Row]) -> Family:
    """From request to artifact: how many builds of the last day took how long. It forgets, so it is no
    counter to rate().
    """
    samples: list[tuple[tuple[str, ...], Any]] = [
        ((platform,), (counted_by_bound(took), sum(took))) for platform, took in rows
    ]
    return Family(
        "heidi_build_duration_seconds",
        "Time from request to artifact of the builds of the last day",
        "histogram",
        ("platform",),
        samples,
        BUILD_BOUNDS,
    )


def counted_by_bound(took: list[float]) -> list[float]:
    """How many lie up to each bound and above the one before it, and how many above all."""
    counts = [0.0] * (len(BUILD_BOUNDS) + 1)
    for seconds in took:
        counts[bisect_left(BUILD_BOUNDS, seconds)] += 1
    return counts


def sessions(_: str, ask: Ask) -> list[Family]:
    """Places where somebody is logged in, a million at most."""
    [[count]] = ask(SESSIONS)
    return [gauge("heidi_sessions", "Sessions that have neither ended nor run out", (), [((), count)])]


def deliveries(_: str, ask: Ask) -> list[Family]:
    """Messages of the last hour."""
    return [
        gauge("heidi_deliveries", "Messages of the last hour", ("channel", "state"), counted(ask(DELIVERIES)))
    ]


def dead_letters(_: str, ask: Ask) -> list[Family]:
    """Events that a function did not take, and that nobody has sent again since."""
    [[letters, oldest]] = ask(DEAD_LETTERS)
    return [
        gauge("heidi_dead_letters", "Events that could not be delivered", (), [((), letters)]),
        gauge(
            "heidi_dead_letters_oldest_seconds",
            "How long ago the oldest of them was given up",
            (),
            [((), float(oldest))],
        ),
    ]


MEASURES: dict[str, tuple[Callable[[str, Ask], list[Family]], ...]] = {
    "auth": (sessions,),
    "factory": (builds,),
    "notification": (deliveries,),
    "platform": (dead_letters,),
}


def counted(rows: list[Row]) -> list[tuple[tuple[str, ...], float]]:
    """Rows that end with a number, as samples."""
    return [(tuple(labels), n) for *labels, n in rows]


def gauge(
    name: str, help_text: str, labels: tuple[str, ...], samples: list[tuple[tuple[str, ...], float]]
) -> Family:
    """A number that goes up and down."""
    return Family(name, help_text, "gauge", labels, samples)


def merged(families: list[Family]) -> list[Family]:
    """One family for each name, with the samples of all services."""
    by_name: dict[str, Family] = {}
    for family in families:
        by_name.setdefault(family.name, family._replace(samples=[])).samples.extend(family.samples)
    return list(by_name.values())
