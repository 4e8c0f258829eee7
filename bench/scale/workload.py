"""How cities and people use it. The habits are assumptions, all of them here; what follows from them is
arithmetic.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bench.scale import costs
from bench.scale.costs import Cost

PER_USER = {  # calls a day of somebody who uses the app that day: three visits
    "list": (9.0, costs.LIST),
    "get": (6.0, costs.GET),
    "search": (1.0, costs.SEARCH),
    "track": (3.0, costs.TRACK),
    "refresh": (1.0, costs.REFRESH),
    "login": (1 / 30, costs.LOGIN),
}
PER_CITY = {"write": (10.0, costs.CREATE)}  # listings written, changed, approved; one half of them by imports
BUSIEST_HOUR = 0.12  # share of a day's calls in its busiest hour
BUSIEST_MINUTE = 1.5  # times the average minute of that hour
ROWS_PER_WRITE = 2.0  # rows that change, each noted for the audit
EVENTS_PER_WRITE = 2.5  # said by the functions themselves: created, approved, published, a notification
HEARERS = 3.0  # functions that handle one event, the audit among them
EVENTS_PER_VISIT = 8.0  # what an app reports of one visit
# of a city: listings, documents for the chatbot; chunks of a document are measured
LISTINGS, PAGES, CHUNKS = 500, 150, 2.5
DELIVERIES_PER_WRITE = 0.5  # mails and pushes
BYTES = {
    "listings": 3044,
    "audit entries a year": 691,
    "analytics events a year": 351,
    "deliveries a year": 351,
    "chunks": 19_842,
}  # python -m bench.scale.sizes --pages QA.json
HEADROOM = 0.6  # no core is planned to be busier than this


@dataclass(frozen=True, slots=True)
class Scenario:
    """So many cities, so many people a day."""

    cities: int
    users: int

    @property
    def calls(self) -> Mapping[str, tuple[float, Cost]]:
        """Calls a day by kind, and what one costs."""
        by_users = {kind: (n * self.users, cost) for kind, (n, cost) in PER_USER.items()}
        return by_users | {kind: (n * self.cities, cost) for kind, (n, cost) in PER_CITY.items()}

    @property
    def per_day(self) -> float:
        """All calls of a day."""
        return sum(n for n, _ in self.calls.values())

    @property
    def events(self) -> float:
        """Events a day: what functions say, and what tables note of their changes."""
        return self.cities * PER_CITY["write"][0] * (EVENTS_PER_WRITE + ROWS_PER_WRITE)

    @property
    def deliveries(self) -> float:
        """Events handed to functions a day; what tables note goes to the audit alone."""
        return self.cities * PER_CITY["write"][0] * (EVENTS_PER_WRITE * HEARERS + ROWS_PER_WRITE)

    def peak(self, per_day: float) -> float:
        """Per second in the busiest minute."""
        return per_day * BUSIEST_HOUR / 3600 * BUSIEST_MINUTE

    def cores(self, part: str) -> float:
        """Busy cores of `function` or `postgres` in the busiest minute, events included."""
        by_calls = sum(self.peak(n) * getattr(cost, part) for n, cost in self.calls.values())
        per_event = getattr(costs.HANDLE, part) + getattr(costs.DISPATCH, part)
        return float(by_calls + self.peak(self.deliveries) * per_event) / 1000

    def planned(self, part: str) -> int:
        """Cores to have."""
        return max(1, math.ceil(self.cores(part) / HEADROOM))

    def rows(self) -> dict[str, float]:
        """Rows that are there after a year; analytics are kept two years, the audit ten: those are per year."""
        writes = self.cities * PER_CITY["write"][0] * 365
        return {
            "listings": self.cities * LISTINGS,
            "audit entries a year": writes * (EVENTS_PER_WRITE + ROWS_PER_WRITE),
            "analytics events a year": self.users * PER_USER["track"][0] * EVENTS_PER_VISIT * 365,
            "deliveries a year": writes * DELIVERIES_PER_WRITE,
            "chunks": self.cities * PAGES * CHUNKS,
        }

    def gigabytes(self) -> dict[str, float]:
        """What these rows take, their indexes included."""
        return {name: rows * BYTES[name] / 1e9 for name, rows in self.rows().items()}


SCENARIOS = (Scenario(10, 1_000), Scenario(1_000, 100_000), Scenario(20_000, 10_000_000))
