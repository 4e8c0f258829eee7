"""What one call costs, as measured (docs/performance.md says with which command); CPU milliseconds."""

from typing import NamedTuple


class Cost(NamedTuple):
    """CPU milliseconds of one call in the function and in Postgres."""

    function: float
    postgres: float


# python -m bench.http_cost: CPU seconds per 1,000 requests are milliseconds per request
LIST = Cost(0.392, 0.702)
GET = Cost(0.242, 0.089)
SEARCH = Cost(0.425, 0.662)
CREATE = Cost(1.456, 1.013)
# python -m bench.login, at bcrypt cost 10; production has 12, which is four times as much
LOGIN = Cost(2.4 + 62.5 * 4, 0.089)
DISPATCH = Cost(0.312, 0.0)  # python -m bench.broker: one event, one by one
COLD_START = 265.0  # python -m bench.cold_start: from spawning the process to its first answer
MEMORY = 69  # MiB of an instance after 2,000 requests, from the same

# Nobody measured these apart; each stands under one that costs at least as much.
REFRESH, TRACK, HANDLE = CREATE, CREATE, CREATE
