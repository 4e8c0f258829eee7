"""Answer from the passages that were found by quoting their sentences; needs no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from functions.chatbot.answers.citations import Answer, Citation, no_information
from functions.chatbot.retrieval.ranking import Candidate
from functions.chatbot.retrieval.search import Found
from functions.chatbot.retrieval.words import padded, sentences

QUOTED_SENTENCES = 3
WORTH_QUOTING = 0.4
"""A sentence that fits the question less than this share of the best one is left out."""
QUOTED_CHUNKS = 3
FOLLOWS = 0.5
"""How much a sentence inherits of the one before it, because the answer often follows what it is about."""
LATER_CHUNK = 0.85
SHORT = 25
"""Characters below which a sentence is rather a heading or a fragment."""


@dataclass(frozen=True, slots=True)
class Sentence:
    chunk: int
    place: int
    text: str
    score: float


def extract_answer(found: Found, language: str) -> Answer:
    """Quote up to three sentences of the best chunks, or say that there is no information."""
    if not found.confident:
        return no_information(language)
    chunks = [passage.candidate for passage in found.passages[:QUOTED_CHUNKS]]
    weights = {gram: found.corpus.idf(gram) for gram in found.question.grams}
    best = sorted(scored(chunks, weights), key=lambda sentence: -sentence.score)[:QUOTED_SENTENCES]
    return quoted(chunks, [sentence for sentence in best if sentence.score >= WORTH_QUOTING * best[0].score])


def scored(chunks: Sequence[Candidate], weights: Mapping[str, float]) -> list[Sentence]:
    found: list[Sentence] = []
    seen: set[str] = set()
    for number, chunk in enumerate(chunks):
        before = 0.0
        for place, text in enumerate(sentences(chunk.text)):
            own = rarity(text, weights)
            score = (own + FOLLOWS * before) * LATER_CHUNK**number * (0.5 if len(text) < SHORT else 1)
            before = own
            if score > 0 and text not in seen:
                seen.add(text)
                found.append(Sentence(number, place, text, score))
    return found


def rarity(text: str, weights: Mapping[str, float]) -> float:
    folded = padded(text)
    return sum(weight for gram, weight in weights.items() if gram in folded)


def quoted(chunks: Sequence[Candidate], best: Sequence[Sentence]) -> Answer:
    """Put the sentences of one chunk together in their order, the chunk with the best sentence first."""
    citations: list[Citation] = []
    for chunk in dict.fromkeys(sentence.chunk for sentence in best):
        own = sorted(
            (sentence for sentence in best if sentence.chunk == chunk), key=lambda sentence: sentence.place
        )
        citations.append(Citation.of(len(citations) + 1, chunks[chunk], joined(own)))
    text = "\n\n".join(f"{citation.quote} [{citation.number}]" for citation in citations)
    return Answer(text, tuple(citations), informed=True, written_by="builtin")


def joined(own: Sequence[Sentence]) -> str:
    parts = [own[0].text]
    for before, sentence in pairwise(own):
        parts.append((" " if sentence.place == before.place + 1 else " … ") + sentence.text)
    return "".join(parts)
