"""What `./heidi test` makes of a few failures: tried once more, alone, and named."""

from pathlib import Path

import pytest

from tooling import check
from tooling.registry import ROOT

ONCE = """
import pathlib, pytest

@pytest.mark.parametrize("number", range({count}))
def test_it(number):
    seen = pathlib.Path(__file__).with_name(f"seen-{{number}}")
    first, _ = not seen.exists(), seen.touch()
    assert {condition}
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own."""
    monkeypatch.setattr(check, "ROOT", tmp_path)
    monkeypatch.setattr(check, "IN_PARALLEL", ("-p", "xdist", "-n", "1", "-q"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return tmp_path / "test_it.py"


@pytest.mark.parametrize(
    ("count", "condition", "code"),
    [(2, "not first", 0), (2, "number", 1)],
    ids=["passes alone", "fails alone"],
)
def test_a_few_that_fail_are_tried_once_more_and_named(
    suite: Path, capfd: pytest.CaptureFixture[str], count: int, condition: str, code: int
) -> None:
    suite.write_text(ONCE.format(count=count, condition=condition))
    assert check.tests() == code
    beside, _, alone = capfd.readouterr().out.partition("Once more, alone:")
    assert "test_it.py::test_it[0]" in beside
    assert "test_it.py::test_it[0]" in alone
    assert ("passed alone; to be mended: " in alone) is (code == 0)


def test_many_that_fail_are_not(suite: Path, capfd: pytest.CaptureFixture[str]) -> None:
    suite.write_text(ONCE.format(count=check.FEW + 1, condition="not first"))
    assert check.tests() == 1
    assert "Once more" not in capfd.readouterr().out


def test_what_cannot_be_read_is_not_tried_again(suite: Path) -> None:
    suite.write_text("this is no Python")
    assert check.tests() not in (0, None)
