"""How a document becomes chunks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.chatbot.extraction.blocks import Block, from_text, tidy, to_text
from functions.chatbot.retrieval.chunks import MAX_CHARS, MIN_CHARS, chunk_document

SENTENCE = "Der Wertstoffhof nimmt Sperrmüll, Elektrogeräte und Grünschnitt aus Haushalten an. "


def long_text(paragraphs: int) -> str:
    return to_text(
        Block("paragraph", f"Abschnitt {number}. {SENTENCE * 3}".strip()) for number in range(paragraphs)
    )


def test_chunks_are_neither_too_long_nor_too_short() -> None:
    sizes = [len(chunk.text) for chunk in chunk_document("Abfall", long_text(40))]
    assert len(sizes) > 10
    assert max(sizes) <= MAX_CHARS
    assert min(sizes) >= MIN_CHARS


def test_a_chunk_carries_the_headings_above_it() -> None:
    text = to_text(
        [
            Block("heading", "Abfall", 1),
            Block("paragraph", SENTENCE * 6),
            Block("heading", "Sperrmüll", 2),
            Block("paragraph", SENTENCE * 6),
            Block("heading", "Bäder", 1),
            Block("paragraph", SENTENCE * 6),
        ]
    )
    assert [chunk.heading for chunk in chunk_document("Stadt", text)] == [
        "Abfall",
        "Abfall › Sperrmüll",
        "Bäder",
    ]


def test_short_sections_share_a_chunk_and_keep_their_headings_in_the_text() -> None:
    text = to_text(
        [
            Block("heading", "Zeiten", 1),
            Block("heading", "Montag", 2),
            Block("paragraph", "8 bis 12 Uhr"),
            Block("heading", "Dienstag", 2),
            Block("paragraph", "14 bis 18 Uhr"),
        ]
    )
    [chunk] = chunk_document("Amt", text)
    assert chunk.headings == ("Zeiten",)
    assert chunk.text == "Montag\n8 bis 12 Uhr\nDienstag\n14 bis 18 Uhr"


def test_sentences_stay_whole_except_monsters() -> None:
    for chunk in chunk_document("Abfall", SENTENCE * 50):
        assert chunk.text.endswith("an.")
    assert all(len(chunk.text) <= MAX_CHARS for chunk in chunk_document("x", "wort" * 2000))


def test_only_what_changed_has_a_new_digest() -> None:
    before = chunk_document("Abfall", long_text(20))
    after = chunk_document("Abfall", long_text(20) + "\n\n# Neu\n\n" + SENTENCE * 6)
    assert {chunk.digest for chunk in before} < {chunk.digest for chunk in after}
    assert {chunk.digest for chunk in before}.isdisjoint(
        chunk.digest for chunk in chunk_document("Müll", long_text(20))
    )


def test_an_empty_document_has_no_chunks() -> None:
    assert chunk_document("x", "") == []


blocks = st.builds(
    lambda kind, text, level: Block(
        kind,
        tidy(text).replace("\n", " ") if kind == "heading" else tidy(text),
        level if kind == "heading" else 0,
    ),
    st.sampled_from(["heading", "paragraph", "item"]),
    st.text(max_size=300),
    st.integers(1, 6),
)


@given(st.lists(blocks, max_size=20))
@settings(max_examples=150, deadline=None)
def test_any_blocks_survive_being_stored_as_text(given_blocks: list[Block]) -> None:
    kept = [block for block in given_blocks if block.text.strip()]
    assert from_text(to_text(kept)) == kept


@given(st.text(max_size=3000))
@settings(max_examples=100, deadline=None)
def test_no_letter_of_any_text_is_lost(text: str) -> None:
    plain = tidy(text)
    joined = "".join(chunk.text for chunk in chunk_document("", to_text([Block("paragraph", plain)])))
    assert [c for c in joined if c.isalnum()] == [c for c in plain if c.isalnum()]


@pytest.mark.parametrize("text", ["# kein Titel", "- kein Punkt", "\\- doch", "#hash", "###### sechs"])
def test_a_paragraph_that_looks_like_a_mark_stays_a_paragraph(text: str) -> None:
    assert from_text(to_text([Block("paragraph", text)])) == [Block("paragraph", text)]
