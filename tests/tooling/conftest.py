"""One checkout per module: making a database takes a second."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tooling.support import Checkout


@pytest.fixture(scope="module")
def checkout() -> Iterator[Checkout]:
    """Where PostgreSQL's user can reach it; what the test left running is stopped and deleted."""
    with tempfile.TemporaryDirectory(prefix="heidi-test-") as directory:
        Path(directory).chmod(0o755)
        made = Checkout.make(Path(directory) / "checkout")
        yield made
        made.heidi("reset", "--yes")
