"""One stack to kill parts of, without rate limits; what it logged during a test is shown when the test fails."""

from collections.abc import Iterator

import pytest

from tests.stack import RunningStack

pytest.register_assert_rewrite("tests.chaos.editors")
from tests.chaos.editors import Editors  # noqa: E402 (so that its assertions tell what was there instead)

NO_LIMITS = {"RATE_LIMIT_TENANT": "1000000", "RATE_LIMIT_USER": "1000000", "RATE_LIMIT_IP": "1000000"}


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    with RunningStack.started(**NO_LIMITS) as stack:
        stack.settle()  # the seed's own events
        yield stack


@pytest.fixture
def editors(stack: RunningStack) -> Iterator[Editors]:
    """Editors of Heidelberg; what the stack logs meanwhile is shown if the test fails."""
    stack.wait_ready()
    editors = Editors.of(stack)
    yield editors
    editors.http.close()
    for log, text in editors.logged().items():
        print(f"--- {log}", text[-4000:], sep="\n")
