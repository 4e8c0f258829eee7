"""A plugin of pytest: notes which tests have failed, in the file that HEIDI_FAILED names."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

NOTED = "HEIDI_FAILED"


class Failures:
    """The names of tests that failed, or could not be set up or cleared away."""

    def __init__(self, path: Path) -> None:
        self.path, self.names = path, dict[str, None]()

    def pytest_runtest_logreport(self, report: "pytest.TestReport") -> None:
        """One phase of a test, wherever it ran."""
        if report.failed:
            self.names[report.nodeid] = None

    def pytest_sessionfinish(self) -> None:
        """All have run."""
        self.path.write_text(json.dumps(list(self.names)))


def pytest_configure(config: "pytest.Config") -> None:
    """Only in the process that was started: it hears of everything that its workers do."""
    if NOTED in os.environ and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failures(Path(os.environ[NOTED])))
