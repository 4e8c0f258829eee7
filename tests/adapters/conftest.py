"""One set of local third-party servers for all adapter tests; each test brings its own tenant, mailbox and
device.
"""

from collections.abc import Iterator

import pytest

from tests.adapters.running import ThirdParties
from tooling.stack.environment import entered


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThirdParties]:
    running = ThirdParties(tmp_path_factory.mktemp("thirdparty"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def thirdparty(servers: ThirdParties) -> Iterator[ThirdParties]:
    with entered(servers.environment()):
        yield servers
