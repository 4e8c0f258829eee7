"""Measure the chatbot's retrieval against plain Postgres full text: python -m bench.retrieval QA.json...
[--sizes 2000 20000].

A QA file is a JSON list of {question, answers, context, city, language, pageId}: `context` is the page, its
first line the title, `answers` the indices of the lines that answer (empty: the page does not answer). Filler
chunks for the larger sizes are random walks over the pages' own words, the hardest distractors that need no
other text.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

from functions.chatbot.answers.extractive import extract_answer
from functions.chatbot.extraction.blocks import Block, to_text
from functions.chatbot.retrieval import tables
from functions.chatbot.retrieval.chunks import chunk_document
from functions.chatbot.retrieval.index import embed_builtin, forget_document, index_document
from functions.chatbot.retrieval.ngram_embedding import MODEL
from functions.chatbot.retrieval.ranking import COVERAGE_NEEDED
from functions.chatbot.retrieval.search import Found, retrieve
from shared.adapters.vectors import pgvector

APP, PASSWORD = "heidi_app", "bench"
TABLES = (*tables.TENANT_TABLES, "vectors")
TENANT_SETTING = "nullif(current_setting('heidi.tenant', true), '')::uuid"
DICTIONARIES = {"de": "german", "en": "english"}
NAIVE = """SELECT document_id FROM chunks WHERE search_{dictionary} @@ plainto_tsquery('{dictionary}', :question)
 ORDER BY ts_rank(search_{dictionary}, plainto_tsquery('{dictionary}', :question)) DESC LIMIT 50"""
ANY_TERM = NAIVE.replace(
    "plainto_tsquery('{dictionary}', :question)",
    "CAST(replace(CAST(plainto_tsquery('{dictionary}', :question) AS text), '&', '|') AS tsquery)",
)
OFF_TOPIC = {
    "de": [
        "Wie hoch ist der Mount Everest?",
        "Wer hat die Mondlandung 1969 durchgeführt?",
        "Wie backe ich einen Käsekuchen ohne Boden?",
        "Welche Programmiersprache eignet sich für Anfänger?",
        "Wie alt wird eine Riesenschildkröte?",
        "Wer gewann die Fußball-Weltmeisterschaft 1974?",
        "Was ist die Hauptstadt von Australien?",
        "Wie repariere ich eine Fahrradkette?",
        "Welche Aktien soll ich jetzt kaufen?",
        "Wie funktioniert ein Quantencomputer?",
        "Was kostet ein neuer Porsche?",
        "Wann starb Napoleon Bonaparte?",
        "Welche Gitarrensaiten sind am besten?",
        "Wie entferne ich Rotweinflecken aus dem Teppich?",
        "Wie viele Planeten hat unser Sonnensystem?",
        "Wer schrieb den Roman Der Steppenwolf?",
        "Wie entkalke ich meine Kaffeemaschine?",
        "Welches Objektiv passt zu meiner Kamera?",
        "Wie geht die Sizilianische Verteidigung?",
        "Erzähl mir einen Witz!",
    ],
    "en": [
        "How tall is Mount Everest?",
        "Who walked on the moon in 1969?",
        "How do I bake a cheesecake without a crust?",
        "Which programming language is good for beginners?",
        "How old does a giant tortoise get?",
        "Who won the football world cup in 1974?",
        "What is the capital of Australia?",
        "How do I fix a bicycle chain?",
        "Which stocks should I buy now?",
        "How does a quantum computer work?",
        "What does a new Porsche cost?",
        "When did Napoleon Bonaparte die?",
        "Which guitar strings are best?",
        "How do I remove red wine stains from a carpet?",
        "How many planets are in our solar system?",
        "Who wrote the novel Steppenwolf?",
        "How do I descale my coffee machine?",
        "Which lens fits my camera?",
        "How do I play the Sicilian Defence?",
        "Tell me a joke!",
    ],
}


@dataclass
class Page:
    id: UUID
    title: str
    text: str
    city: str


@dataclass
class Asked:
    question: str
    page: UUID
    city: str
    answers: list[str]


class Sql:
    """A pg8000 connection with the unit of work's interface, counting round trips."""

    def __init__(self, connection: Any, owner: Any) -> None:
        self.connection = connection
        self.owner = owner
        self.trips = 0

    def run(self, sql: str, **values: Any) -> list[list[Any]]:
        self.trips += 1
        return list(self.connection.run(sql, **values) or [])

    def analyze(self) -> None:
        for table in TABLES:
            self.owner.run(f"VACUUM ANALYZE {table}")

    def be(self, tenant: UUID) -> None:
        self.connection.run("SELECT set_config('heidi.tenant', :tenant, false)", tenant=str(tenant))


def read(path: Path) -> tuple[str, list[Page], list[Asked]]:
    rows = json.loads(path.read_text())
    pages: dict[UUID, Page] = {}
    asked, space = [], uuid4()
    for row in rows:
        lines = row["context"].split("\n")
        page = uuid5(space, str(row["pageId"]))
        body = lines[2:] if lines[1:2] == lines[:1] else lines[1:]
        pages.setdefault(
            page, Page(page, lines[0], to_text(Block("paragraph", line) for line in body), row["city"])
        )
        answers = [lines[at].strip() for at in row["answers"] if at < len(lines)]
        asked.append(Asked(row["question"], page, row["city"], answers))
    return rows[0]["language"], list(pages.values()), asked


def add(sql: Sql, tenant: UUID, page: Page) -> int:
    vectors = pgvector.PgVectors(sql, MODEL)
    change = index_document(sql, tenant, page.id, page.title, chunk_document(page.title, page.text))
    embed_builtin(vectors, tenant, page.id, change.added)
    return len(change.added)


def fill(sql: Sql, tenant: UUID, pages: Sequence[Page], chunks: int) -> None:
    """Add pages of random walks until there are so many chunks."""
    chance = random.Random(7)
    words = [word for page in pages for word in page.text.split()]
    follows = defaultdict(list)
    for one, two in pairwise(words):
        follows[one].append(two)
    have = int(sql.run("SELECT count(*) FROM chunks WHERE tenant_id = :tenant", tenant=tenant)[0][0])
    while have < chunks:
        word, walk = chance.choice(words), []
        for _ in range(4000):
            coined = chance.random() < 0.03
            word = (
                chance.choice(follows[word])
                if follows[word] and chance.random() > 0.15
                else chance.choice(words)
            )
            walk.append("".join(chance.choices("abcdefghiklmnoprstuwz", k=7)) if coined else word)
        title = " ".join(chance.choices(words, k=3))
        have += add(sql, tenant, Page(uuid4(), title, " ".join(walk), ""))


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = call()
    return result, (time.perf_counter() - start) * 1000


def ours(sql: Sql, tenant: UUID, question: str, top: int = 50) -> Found:
    return retrieve(sql, pgvector.PgVectors(sql, MODEL), tenant, question, top=top)


def pages_of(found: Found) -> list[str]:
    return list(dict.fromkeys(passage.candidate.document_id for passage in found.passages))


def measure(
    asked: Sequence[Asked],
    find: Callable[[str], list[str]],
    as_served: Callable[[str], Any] | None = None,
) -> tuple[float, float, float, float]:
    """recall@1, recall@5, median and 95th percentile in milliseconds, over the questions that have an answer.

    Five pages need more than five chunks, so what is timed may be another call than what is judged.
    """
    first = fifth = 0
    times = []
    answerable = [one for one in asked if one.answers]
    find(answerable[0].question)
    for one in answerable:
        pages, took = timed(partial(find, one.question))
        times.append(timed(partial(as_served, one.question))[1] if as_served else took)
        first += str(one.page) in pages[:1]
        fifth += str(one.page) in pages[:5]
    times.sort()
    return (
        first / len(answerable),
        fifth / len(answerable),
        statistics.median(times),
        times[int(len(times) * 0.95)],
    )


def compare(sql: Sql, tenant: UUID, language: str, asked: Sequence[Asked]) -> None:
    """One size: ours against both plain ways, in the same tenant."""
    dictionary = DICTIONARIES.get(language, "simple")

    def plain(statement: str) -> Callable[[str], list[str]]:
        text = statement.format(dictionary=dictionary)
        return lambda question: list(dict.fromkeys(str(row[0]) for row in sql.run(text, question=question)))

    results = {
        "ours": measure(
            asked,
            lambda question: pages_of(ours(sql, tenant, question)),
            lambda question: ours(sql, tenant, question, 5),
        )
    }
    for name, statement in (("plainto_tsquery", NAIVE), ("any term", ANY_TERM)):
        results[name] = measure(asked, plain(statement))
    for name, (first, fifth, median, slow) in results.items():
        print(
            f"  {name:16} recall@1 {first:.3f}  recall@5 {fifth:.3f}  p50 {median:7.1f} ms  p95 {slow:7.1f} ms"
        )
    base, own = results["plainto_tsquery"], results["ours"]
    first, fifth, took = own[0] / max(base[0], 0.001), own[1] / max(base[1], 0.001), own[2] / base[2]
    print(f"  ratio to plainto_tsquery: recall@1 {first:.1f}x, recall@5 {fifth:.1f}x, time {took:.2f}x")


def honesty(
    sql: Sql, tenants: dict[str, UUID], language: str, asked: Sequence[Asked], foreign: Sequence[Asked]
) -> None:
    """How often an answer is given when there is one and refused when there is none, per kind of question."""
    cities = sorted(tenants)

    def covers(city: str, question: str, without: UUID | None = None) -> float:
        sql.be(tenants[city])
        passages = [
            p for p in ours(sql, tenants[city], question).passages if p.candidate.document_id != str(without)
        ]
        return passages[0].coverage if passages else 0.0

    answerable = [one for one in asked if one.answers]
    found = [covers(one.city, one.question) for one in answerable]
    kinds = {
        "page removed": [covers(one.city, one.question, one.page) for one in answerable],
        "another city": [
            covers(cities[(cities.index(one.city) + 1) % len(cities)], one.question) for one in answerable
        ],
        "off topic": [covers(city, question) for city in cities for question in OFF_TOPIC.get(language, ())],
        "other language": [covers(one.city, one.question) for one in foreign[:60]],
    }
    print(f"  threshold {COVERAGE_NEEDED}: answers {share(found, COVERAGE_NEEDED):.2f} of the answerable")
    for kind, values in kinds.items():
        if values:
            print(
                f"  {kind:16} refused {1 - share(values, COVERAGE_NEEDED):.2f}  AUROC {auroc(found, values):.3f}"
            )


def share(values: Sequence[float], needed: float) -> float:
    return sum(value >= needed for value in values) / len(values)


def auroc(good: Sequence[float], bad: Sequence[float]) -> float:
    return sum((g > b) + 0.5 * (g == b) for g in good for b in bad) / (len(good) * len(bad))


def quoted(sql: Sql, tenants: dict[str, UUID], language: str, asked: Sequence[Asked]) -> None:
    """How often the quoted sentences hold one of the lines that answer."""
    held = given = 0
    answerable = [one for one in asked if one.answers]
    for one in answerable:
        sql.be(tenants[one.city])
        answer = extract_answer(ours(sql, tenants[one.city], one.question, 5), language)
        given += answer.informed
        quotes = " ".join(citation.quote for citation in answer.citations)
        held += any(line in quotes for line in one.answers if len(line) > 8)
    print(
        f"  extractive answers: given {given / len(answerable):.2f}, with an answering line {held / max(given, 1):.2f}"
    )


@contextmanager
def database() -> Iterator[Sql]:
    """A server of this run's own, its tables behind row-level security, seen as the app role."""
    from pg8000.native import Connection

    from tooling.stack.postgres import embedded_postgres

    with tempfile.TemporaryDirectory(prefix="heidi-bench-") as name:
        Path(name).chmod(0o755)
        with embedded_postgres(Path(name)) as postgres, postgres.connect() as owner:
            prepare(owner)
            connection = Connection(
                APP, host="127.0.0.1", port=postgres.port, database="postgres", password=PASSWORD
            )
            yield Sql(connection, owner)
            connection.close()


def prepare(owner: Any) -> None:
    owner.run(f"CREATE ROLE {APP} LOGIN PASSWORD '{PASSWORD}'")
    for statement in ("CREATE EXTENSION vector", *tables.DDL, *pgvector.DDL):
        owner.run(statement)
    for dictionary in (*DICTIONARIES.values(), "simple"):
        made = f"tsvector GENERATED ALWAYS AS (to_tsvector('{dictionary}', title || ' ' || text)) STORED"
        owner.run(f"ALTER TABLE chunks ADD COLUMN search_{dictionary} {made}")
        owner.run(f"CREATE INDEX ON chunks USING gin (search_{dictionary})")
    for table in TABLES:
        owner.run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        owner.run(f"CREATE POLICY tenant ON {table} USING (tenant_id = {TENANT_SETTING})")
        owner.run(f"GRANT ALL ON {table} TO {APP}")


def bench(sql: Sql, path: Path, sizes: Sequence[int], foreign: Sequence[Asked]) -> None:
    language, pages, asked = read(path)
    tenants = {city: uuid4() for city in sorted({page.city for page in pages})}
    for city, tenant in tenants.items():
        sql.be(tenant)
        for page in pages:
            if page.city == city:
                add(sql, tenant, page)
    everything = uuid4()
    sql.be(everything)
    chunks, took = timed(lambda: sum(add(sql, everything, page) for page in pages))
    again, again_took = timed(lambda: sum(add(sql, everything, page) for page in pages))
    print(
        f"{language}: {len(pages)} pages, {chunks} chunks, {len(asked)} questions; indexing {took / chunks:.1f} ms a chunk, "
        f"again unchanged {again_took / chunks:.1f} ms ({again} embedded)"
    )
    sql.analyze()
    compare(sql, everything, language, asked)
    honesty(sql, tenants, language, asked, foreign)
    quoted(sql, tenants, language, asked)
    for size in sizes:
        sql.be(everything)
        _, took = timed(partial(fill, sql, everything, pages, size))
        sql.analyze()
        trips = sql.trips
        ours(sql, everything, asked[0].question)
        print(
            f"{language} at {size} chunks (filled in {took / 1000:.0f} s; {sql.trips - trips} round trips a question):"
        )
        compare(sql, everything, language, asked)
    sql.be(everything)
    kept = int(sql.run("SELECT count(*) FROM terms")[0][0])
    stores = [pgvector.PgVectors(sql, MODEL)]
    _, took = timed(lambda: [forget_document(sql, stores, everything, page.id) for page in pages])
    print(
        f"  deleting a page {took / len(pages):.1f} ms; terms {kept} -> {sql.run('SELECT count(*) FROM terms')[0][0]}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, help="QA files in one or more languages")
    parser.add_argument(
        "--sizes", nargs="*", type=int, default=[2000, 20000], help="also with so many chunks in the tenant"
    )
    given = parser.parse_args()
    files = [path for path in given.files if path.is_file()]
    if not files:
        print("skipped: name at least one QA file that exists, for instance OMoS-QA's dev set")
        return
    with database() as sql:
        for path in files:
            other = next((read(one)[2] for one in files if one != path), [])
            bench(sql, path, given.sizes, other)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
