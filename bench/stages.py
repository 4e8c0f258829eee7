"""What each stage of the pipeline costs a signed-in call, beside the function's own work.

    python -m bench.stages [--rounds 3000]

`get-listing` with a signed-in editor's token in one process against a real Postgres and Redis; every stage of
shared/runtime/pipeline.py is wrapped in a clock. The clocks themselves cost some, so the sum is a little more
than the call without them, which is printed too.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import Any
from unittest import mock

from bench.data import fill
from bench.stack import md5, remember_tenants, servers
from bench.timing import milliseconds

STAGES = {
    "health": "shared.runtime.health.answer",
    "trace": "shared.telemetry.trace.Trace.start",
    "authenticate": "shared.runtime.pipeline.authenticate",
    "tenant": "shared.runtime.pipeline.Function.tenant_of",
    "authorise": "shared.runtime.pipeline.authorise",
    "feature": "shared.runtime.pipeline.Function.check_feature",
    "rate limit": "shared.runtime.rate_limits.check",
    "bind and validate": "shared.runtime.binding.Binding.read",
    "write the answer": "shared.runtime.binding.Binding.answer",
    "commit or give back": "shared.context.Context.finish",
    "count": "shared.telemetry.metrics.Calls.count",
}


class Clocks:
    """Microseconds by stage."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, list[float]] = defaultdict(list)

    def around(self, stage: str, real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def timed(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter_ns()
            try:
                return real(*args, **kwargs)
            finally:
                self.spent[stage].append((time.perf_counter_ns() - started) / 1000)

        return timed

    def median(self, stage: str) -> float:
        return statistics.median(self.spent[stage]) if self.spent[stage] else 0.0


def found(path: str) -> Any:
    from importlib import import_module

    parts = path.split(".")
    module = import_module(".".join(parts[:2]))
    for part in parts[2:]:
        module = getattr(module, part)
    return module


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=3000)
    rounds = options.parse_args().rounds
    with servers("core") as postgres, ExitStack() as patches:
        with postgres.connect("heidi_core") as connection:
            fill(connection, tenants=1, listings=1000)
        remember_tenants(1)
        from shared.auth.signing import issue
        from tests.support import call, function

        listing = md5("city1l1")
        token = issue("access", md5("user"), md5("t1"), ["editor"], md5("session"), now=time.time())[0]

        def get() -> None:
            answer = call("get-listing", path=f"/api/listings/{listing}", token=token, tenant="city1")
            assert answer.status == 200, answer.body

        plain = statistics.median(milliseconds(get, rounds)) * 1000
        clocks = Clocks()
        for stage, path in STAGES.items():
            owner, _, name = path.rpartition(".")
            patches.enter_context(mock.patch(path, clocks.around(stage, getattr(found(owner), name))))
        record = function("get-listing").record
        handler = record.handler
        patches.callback(object.__setattr__, record, "handler", handler)
        object.__setattr__(record, "handler", clocks.around("the function itself", handler))
        milliseconds(get, rounds)
    own = clocks.median("the function itself")
    whole = sum(clocks.median(stage) for stage in clocks.spent)
    print(f"{'stage':28}{'µs':>9}{'share':>9}")
    for stage in [*STAGES, "the function itself"]:
        print(f"{stage:28}{clocks.median(stage):9.1f}{clocks.median(stage) / whole:9.1%}")
    print(f"{'all stages':28}{whole:9.1f}\n{'the call without clocks':28}{plain:9.1f}")
    print(f"the pipeline adds {(whole - own) / own:.2f} times what the function itself takes")


if __name__ == "__main__":
    main()
