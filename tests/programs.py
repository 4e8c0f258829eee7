"""Programs that tests run when they are installed; else the test is skipped, and says what it would have
needed.
"""

import pytest

from tooling.programs import PACKAGES, find


def program(name: str) -> str:
    """Where the program lies; skips the test when it is not installed."""
    found = find(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: {PACKAGES[name]})")
    return found
