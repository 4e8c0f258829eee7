"""Two branches that add a function each do not meet in what is generated: a function more only adds lines."""

from collections.abc import Iterator
from fnmatch import fnmatch

import pytest

from tooling.generate import outputs
from tooling.registry import ROOT, records

# what a whole service takes is the most that one of its functions takes: the first that takes more changes it
OF_SERVICES = ("knative/components/grouped/services.yaml", "stack-grouped.yml")


def changed(before: str, after: str) -> list[str]:
    """The lines that are not there any more, or not in this order."""
    there: Iterator[str] = iter(after.splitlines())
    return [line for line in before.splitlines() if line not in there]


@pytest.mark.parametrize("name", ["list-users", "rag-query", "sweep-outbox"])
def test_a_function_more_adds_lines_and_changes_none(name: str) -> None:
    without = {each: record for each, record in records().items() if each != name}
    renewed = {
        path: lines
        for path, render in outputs().items()
        if path not in OF_SERVICES and (lines := changed(render(without), (ROOT / path).read_text("utf-8")))
    }
    assert renewed == {}


def test_every_generated_file_is_marked_as_such() -> None:
    lines = (ROOT / ".gitattributes").read_text("utf-8").splitlines()
    marked = [line.split()[0] for line in lines if line.endswith(" linguist-generated")]
    unmarked = [path for path in outputs() if not any(fnmatch(path, pattern) for pattern in marked)]
    assert unmarked == [], "add them to .gitattributes"
