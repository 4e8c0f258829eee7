"""Find the chunks that may answer a question: candidates chosen in Postgres, ordered exactly here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from functions.chatbot.retrieval.index import ALL_CHUNKS
from functions.chatbot.retrieval.ngram_embedding import sketch_question
from functions.chatbot.retrieval.ranking import (
    COVERAGE_NEEDED,
    Candidate,
    Corpus,
    Question,
    Ranked,
    rank,
    word_term,
)
from shared.adapters.vectors import Match, Vectors
from shared.adapters.vectors.pgvector import UnitOfWork

NEAREST = 50
BY_WORDS = 50
RARE_WORDS = 8
RARE_SHARE = 0.05
"""A word in more than this share of the chunks says too little to fetch chunks by."""
RARE_AT_LEAST = 20

FREQUENCIES = """SELECT term, chunks FROM terms WHERE tenant_id = CAST(:tenant AS uuid)
 AND term = ANY(ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(:terms AS jsonb)) AS int)))"""
CANDIDATES = """WITH words AS MATERIALIZED (
  SELECT CAST(key AS int) AS term, CAST(value AS float8) AS weight FROM jsonb_each_text(CAST(:words AS jsonb))),
 by_words AS (
  SELECT p.chunk_id AS id FROM postings p JOIN words w ON w.term = p.term
  WHERE p.tenant_id = CAST(:tenant AS uuid) AND p.term = ANY(ARRAY(SELECT term FROM words))
  GROUP BY p.chunk_id ORDER BY sum(w.weight) DESC, p.chunk_id LIMIT CAST(:by_words AS int)),
 wanted AS (SELECT id FROM by_words UNION SELECT CAST(jsonb_array_elements_text(CAST(:near AS jsonb)) AS uuid))
 SELECT id, document_id, title, heading, text, url FROM chunks
 WHERE tenant_id = CAST(:tenant AS uuid) AND id = ANY(ARRAY(SELECT id FROM wanted)) ORDER BY id"""
"""The arrays make the planner look each term and chunk up; joined, it would read the whole tenant instead."""


@dataclass(frozen=True, slots=True)
class External:
    """The chunks that are nearest to the question as a configured embedding model sees it."""

    near: Sequence[Match]


@dataclass(frozen=True, slots=True)
class Found:
    """The best chunks, best first, and whether the first covers enough of the question to be an answer."""

    question: Question
    corpus: Corpus
    passages: tuple[Ranked, ...]

    @property
    def confident(self) -> bool:
        """Whether the best chunk holds enough of what the question asks about."""
        return bool(self.passages) and self.passages[0].coverage >= COVERAGE_NEEDED


def retrieve(
    sql: UnitOfWork,
    builtin: Vectors,
    tenant_id: UUID,
    text: str,
    *,
    external: External | None = None,
    top: int = 5,
) -> Found:
    """The chunks of a tenant that fit a question best; with an external model its neighbours count
    too.
    """
    question = Question.of(text)
    corpus = load_corpus(sql, tenant_id, question)
    if not question.grams or not corpus.chunks:
        return Found(question, corpus, ())
    near = scores(builtin.query(str(tenant_id), sketch_question(question.grams, corpus.idf), NEAREST))
    meant = scores(external.near) if external else {}
    candidates = load_candidates(sql, tenant_id, rare_words(question, corpus), near, meant)
    return Found(question, corpus, tuple(rank(question, corpus, candidates, top)))


def load_corpus(sql: UnitOfWork, tenant_id: UUID, question: Question) -> Corpus:
    terms = json.dumps([ALL_CHUNKS, *question.terms()])
    found = {
        int(term): int(chunks) for term, chunks in sql.run(FREQUENCIES, tenant=str(tenant_id), terms=terms)
    }
    return Corpus(found.pop(ALL_CHUNKS, 0), found)


def rare_words(question: Question, corpus: Corpus) -> dict[int, float]:
    most = max(RARE_AT_LEAST, corpus.chunks * RARE_SHARE)
    known = {word: corpus.frequencies.get(word_term(word), 0) for word in question.words}
    rare = sorted((found, word) for word, found in known.items() if 0 < found <= most)[:RARE_WORDS]
    return {word_term(word): corpus.word_idf(word) for _, word in rare}


def scores(matches: Sequence[Match]) -> dict[str, float]:
    return {match.id: match.score for match in matches}


def load_candidates(
    sql: UnitOfWork,
    tenant_id: UUID,
    words: Mapping[int, float],
    near: Mapping[str, float],
    meant: Mapping[str, float],
) -> list[Candidate]:
    wanted = json.dumps(list({**near, **meant}))
    rows = sql.run(CANDIDATES, tenant=str(tenant_id), words=json.dumps(words), by_words=BY_WORDS, near=wanted)
    return [
        Candidate(
            str(chunk), str(document), title, heading, text, url, near.get(str(chunk)), meant.get(str(chunk))
        )
        for chunk, document, title, heading, text, url in rows
    ]
