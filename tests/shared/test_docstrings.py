"""Docstrings as documentation shows them."""

from shared.kit.docstrings import first, rest, shown

TEXT = """One sentence
    over two lines.

    A list:

    - stays
    - as it is

    And the
    end.
    """


def test_a_paragraph_is_one_line_and_what_is_laid_out_stays() -> None:
    assert shown(TEXT) == "One sentence over two lines.\n\nA list:\n\n- stays\n- as it is\n\nAnd the end."


def test_the_first_paragraph_is_the_summary_and_the_others_are_the_rest() -> None:
    assert first(TEXT) == "One sentence over two lines."
    assert rest(TEXT).startswith("A list:")


def test_without_a_docstring_nothing_is_shown() -> None:
    assert (first(None), rest(""), shown(None)) == ("", "", "")
