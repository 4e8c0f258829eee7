"""One stack for the whole story, with the rate limits that everybody has."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.stack import RunningStack
from tooling.demo.stage import Stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with RunningStack.started() as stack:
        stack.settle()  # the seed's own events
        stage = Stage(say=print, gateway=stack.gateway, inbox=stack.inbox)
        with closing(stage.http):
            yield stage
