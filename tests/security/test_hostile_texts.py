"""Documents are read in a time that grows with their length, whatever stands in them."""

import pytest

from functions.chatbot.extraction.deadline import Deadline
from functions.chatbot.extraction.errors import DocumentTooSlow
from functions.chatbot.extraction.plain_text import read_markdown
from functions.chatbot.retrieval.words import sentences


class Steps:
    """A clock that only goes on when it is looked at."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> float:
        self.looks += 1
        return float(self.looks)


@pytest.mark.parametrize(
    "line",
    [
        "[a](" * 50_000,
        "[" * 500_000,
        "# a" + "#" * 500_000 + "x",
        "# a" + " " * 500_000 + "x",
        "`a " * 100_000,
        "<!-- " * 100_000,
        "![a](" * 50_000,
    ],
)
def test_a_monstrous_line_is_taken_for_plain_text(line: str) -> None:
    """With the marks read, each of these takes from half a minute to days."""
    [block] = read_markdown(line.encode(), Deadline()).blocks or (None,)
    assert block is None or block.kind == "paragraph"


def test_the_time_is_looked_at_in_every_line_of_a_document() -> None:
    with pytest.raises(DocumentTooSlow):
        read_markdown(b"[a](\n" * 100, Deadline(50, Steps()))


@pytest.mark.parametrize("text", ["a. " * 30_000, "z.B. " * 15_000, "1. " * 30_000])
def test_a_line_of_nothing_but_abbreviations_is_split_in_one_pass(text: str) -> None:
    assert "".join(sentences(text)).replace(" ", "") == text.replace(" ", "")
