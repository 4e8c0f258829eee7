"""Mails and files go to the local servers."""

from collections.abc import Iterator

import pytest

from tests.adapters.conftest import servers
from tests.adapters.running import ThirdParties
from tooling.stack.environment import entered

__all__ = ["servers"]


@pytest.fixture
def thirdparty(servers: ThirdParties) -> Iterator[ThirdParties]:
    with entered(servers.environment()):
        yield servers
