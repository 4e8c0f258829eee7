"""A gateway on a port of its own, with every function behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.kit.settings import settings
from shared.peers import internal_calls
from tests.gateway.support import PASSWORD, Running
from tests.outlet import logger_kept
from tooling.gateway.assembly import assemble
from tooling.gateway.settings import GatewaySettings


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Running]:
    """Started and stopped for one test."""
    with running(tmp_path) as made:
        yield made


@pytest.fixture
def small_gateway(tmp_path: Path) -> Iterator[Running]:
    """One with two threads."""
    with running(tmp_path, gateway_threads=2) as made:
        yield made


@contextmanager
def running(tmp_path: Path, **said: Any) -> Iterator[Running]:
    """A gateway inside the block; the house's logger, and who answers questions, are as they were afterwards."""
    settings()
    configured = GatewaySettings(
        gateway_port=0,
        heidi_home=tmp_path,
        gateway_password=PASSWORD,
        callback_private_hosts="127.0.0.1",
        **said,
    )
    with logger_kept():
        server, made = assemble(configured)
        server.start()
        with Running(server.port, made, tmp_path) as running:
            yield running
        made.close()
        assert server.stop()
        internal_calls.here.clear()
