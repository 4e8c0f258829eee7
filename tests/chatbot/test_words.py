"""How texts are folded, cut into n-grams and into sentences, in ten languages."""

import pytest

from functions.chatbot.retrieval.words import fold, folded_words, grams, sentences


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("Müllabfuhr", "Mu\u0308llabfuhr"),
        ("İstanbul", "istanbul"),
        ("ışık", "isik"),
        ("Bügerbüro", "bugerburo"),
        ("Ærø", "aero"),
        ("ЁЛКА", "елка"),
        ("كتابي", "کتابی"),
        ("كِتَاب", "كتاب"),
        ("٢٠٢٤", "2024"),
        ("۲۰۲۴", "2024"),
        ("می\u200cخواهم", "میخواهم"),
        ("ﬁnden", "finden"),
        ("Sperr\u00admüll", "sperrmull"),
        ("Київ", "киів"),
    ],
)
def test_different_spellings_become_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_ngrams_know_where_a_word_begins_and_ends() -> None:
    assert list(grams(["müll", "ab"], (4,))) == [" mül", "müll", "üll ", " ab "]
    assert list(grams(["a"], (4,))) == [" a "]


def test_words_of_hostile_text_are_just_words() -> None:
    assert folded_words("'; DROP TABLE chunks; --\x00 <script>") == ["drop", "table", "chunks", "script"]
    assert folded_words("\u202e!!! ---") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Das Rathaus öffnet um 8 Uhr. Es schließt um 18 Uhr!",
            ["Das Rathaus öffnet um 8 Uhr.", "Es schließt um 18 Uhr!"],
        ),
        (
            "Am 3. Oktober ist z.B. geschlossen. Danach nicht.",
            ["Am 3. Oktober ist z.B. geschlossen.", "Danach nicht."],
        ),
        ("Dr. Meier, Hauptstr. 5. Tel. 06221 58", ["Dr. Meier, Hauptstr. 5. Tel. 06221 58"]),
        ("Wann?\nMorgen", ["Wann?", "Morgen"]),
        ("متى يفتح المبنى؟ في الثامنة.", ["متى يفتح المبنى؟", "في الثامنة."]),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected
