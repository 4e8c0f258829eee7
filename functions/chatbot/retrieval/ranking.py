"""Order the candidate chunks of a question exactly, and say how much of the question the best of them covers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from functions.chatbot.retrieval.ngram_embedding import GRAM_SIZES, TITLE_WEIGHT
from functions.chatbot.retrieval.words import folded_words, grams, padded
from shared.kit.lazy import lazy

MAX_QUESTION_WORDS = 60
COVERAGE_NEEDED = 0.45
"""Below this share of the question's informative n-grams the answer is "no information" (bench/retrieval.py)."""

K1 = 1.2
B = 0.75


def gram_term(gram: str) -> int:
    """The number under which an n-gram's frequency is kept."""
    return signed(crc32(b"g" + gram.encode()))


def word_term(word: str) -> int:
    """The number under which a word's frequency and postings are kept."""
    return signed(crc32(b"w" + word.encode()))


def signed(digest: int) -> int:
    return digest - (1 << 32) if digest >= 1 << 31 else digest


@dataclass(frozen=True, slots=True)
class Question:
    """What of a question is searched for: its distinct words and n-grams."""

    text: str
    words: tuple[str, ...]
    grams: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Question":
        """Read a question; words beyond the first sixty are left out."""
        words = tuple(dict.fromkeys(folded_words(text)[:MAX_QUESTION_WORDS]))
        return cls(text, words, tuple(dict.fromkeys(grams(list(words), GRAM_SIZES))))

    def terms(self) -> list[int]:
        """Every term whose frequency the ranking needs."""
        return [*(gram_term(gram) for gram in self.grams), *(word_term(word) for word in self.words)]


@dataclass(frozen=True, slots=True)
class Corpus:
    """How many chunks a tenant has, and in how many of them each term of the question occurs."""

    chunks: int
    frequencies: Mapping[int, int]

    def idf(self, gram: str) -> float:
        """How informative an n-gram is."""
        return self.weight(self.frequencies.get(gram_term(gram), 0))

    def word_idf(self, word: str) -> float:
        """How informative a word is."""
        return self.weight(self.frequencies.get(word_term(word), 0))

    def weight(self, found: int) -> float:
        return math.log(1 + (max(self.chunks - found, 0) + 0.5) / (found + 0.5))


@dataclass(frozen=True)
class Candidate:
    """A chunk that may answer, with the built-in vector's cosine (None where something else brought it here)
    and that of a configured embedding model (None where there is none).
    """

    chunk_id: str
    document_id: str
    title: str
    heading: str
    text: str
    url: str | None = None
    similarity: float | None = None
    meaning: float | None = None

    @lazy
    def folded_title(self) -> str:
        """The title in the form in which n-grams are counted."""
        return padded(self.title)

    @lazy
    def folded(self) -> str:
        """Headings and text in the form in which n-grams are counted."""
        return padded(f"{self.heading} {self.text}")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its score (only comparable within one question) and its coverage of the question
    (0–1).
    """

    candidate: Candidate
    score: float
    coverage: float


def rank(question: Question, corpus: Corpus, candidates: Sequence[Candidate], top: int = 5) -> list[Ranked]:
    """The best candidates by the sum of normalised BM25 over n-grams and normalised vector similarity.

    Where an embedding model has its say, words count for as much as the question is covered by them: a
    question in another language than the documents is decided by the model alone.
    """
    if not candidates or not question.grams:
        return []
    weights = {gram: corpus.idf(gram) for gram in question.grams}
    average = sum(len(candidate.folded) for candidate in candidates) / len(candidates)
    words = normalised([bm25(weights, candidate, average) for candidate in candidates])
    near = normalised([candidate.similarity for candidate in candidates])
    scores = [one + other for one, other in zip(words, near, strict=True)]
    ranked = best_of(scores, candidates, weights, top)
    if all(candidate.meaning is None for candidate in candidates):
        return ranked
    trust = max(found.coverage for found in ranked)
    meaning = normalised([candidate.meaning for candidate in candidates])
    return best_of(
        [trust * one + 2 * other for one, other in zip(scores, meaning, strict=True)],
        candidates,
        weights,
        top,
    )


def best_of(
    scores: Sequence[float], candidates: Sequence[Candidate], weights: Mapping[str, float], top: int
) -> list[Ranked]:
    best = sorted(zip(scores, candidates, strict=True), key=lambda pair: (-pair[0], pair[1].chunk_id))[:top]
    return [Ranked(candidate, score, coverage(weights, candidate)) for score, candidate in best]


def normalised(scores: Sequence[float | None]) -> list[float]:
    """Scale scores so that the best is 1; what has none counts as the least."""
    known = [max(score, 0.0) for score in scores if score is not None]
    least, most = min(known, default=0.0), max(known, default=0.0) or 1.0
    return [(least if score is None else max(score, 0.0)) / most for score in scores]


def bm25(weights: Mapping[str, float], candidate: Candidate, average: float) -> float:
    norm = K1 * (1 - B + B * len(candidate.folded) / average)
    score = 0.0
    for gram, weight in weights.items():
        found = candidate.folded.count(gram) + TITLE_WEIGHT * candidate.folded_title.count(gram)
        if found:
            score += weight * found * (K1 + 1) / (found + norm)
    return score


def coverage(weights: Mapping[str, float], candidate: Candidate) -> float:
    """The share of the question's n-grams, weighted by how informative they are, that a chunk
    contains.
    """
    total = sum(weights.values())
    found = sum(
        weight
        for gram, weight in weights.items()
        if gram in candidate.folded or gram in candidate.folded_title
    )
    return found / total if total else 0.0
