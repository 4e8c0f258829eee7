"""A gateway on a port of its own, with every function behind it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.settings import settings
from tests.gateway.support import PASSWORD, Running
from tooling.gateway.assembly import assemble
from tooling.gateway.settings import GatewaySettings


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Running]:
    """Started and stopped for one test; the house's logger is as it was afterwards."""
    log = logging.getLogger("heidi")
    before = (log.level, log.propagate, log.handlers[:])
    settings()
    configured = GatewaySettings(gateway_port=0, heidi_home=tmp_path, gateway_password=PASSWORD)
    server, made = assemble(configured)
    server.start()
    with Running(server.port, made, tmp_path) as running:
        yield running
    made.close()
    assert server.stop()
    log.level, log.propagate, log.handlers = before
