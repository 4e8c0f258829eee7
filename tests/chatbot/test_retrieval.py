"""The search as a whole, in real Postgres as the app role: indexing, finding, forgetting, and two tenants
beside each other.
"""

from uuid import UUID, uuid4

from functions.chatbot.answers.extractive import extract_answer
from functions.chatbot.retrieval.chunks import chunk_document
from functions.chatbot.retrieval.index import Change, embed_builtin, forget_document, index_document
from functions.chatbot.retrieval.ngram_embedding import MODEL
from functions.chatbot.retrieval.search import NEAREST, External, Found, retrieve
from shared.adapters.vectors import Vector
from shared.adapters.vectors.pgvector import PgVectors
from shared.db.pg import Pool
from shared.db.sql import Sql
from tests.chatbot.support import transaction
from tests.support import superuser

PAGES = {
    "Wertstoffhof Pfaffengrund": "# Öffnungszeiten\n\nDer Wertstoffhof ist montags bis freitags von 8 bis 16 Uhr geöffnet. Am Samstag "
    "öffnet er von 8 bis 13 Uhr.\n\n# Annahme\n\nSperrmüll, Elektrogeräte und Grünschnitt werden kostenlos angenommen.",
    "Stadtbibliothek": "Die Bibliothek leiht Bücher, Spiele und Filme aus. Der Bibliotheksausweis kostet 18 Euro im Jahr. Kinder und "
    "Jugendliche bis 18 Jahre zahlen nichts.",
    "Anwohnerparken": "Einen Bewohnerparkausweis beantragen Sie beim Bürgeramt. Er gilt ein Jahr und kostet 120 Euro. "
    "Bringen Sie den Fahrzeugschein mit.",
    "Tiergartenbad": "Das Freibad öffnet im Mai. Der Eintritt kostet 4,50 Euro, ermäßigt 2,50 Euro. Hunde dürfen nicht ins Bad.",
    "Kita-Anmeldung": "Melden Sie Ihr Kind online für einen Kindergartenplatz an. Die Anmeldung beginnt im Januar und endet im März.",
}


def add(sql: Sql, tenant: UUID, title: str, text: str, document: UUID | None = None) -> Change:
    document = document or uuid4()
    change = index_document(
        sql, tenant, document, title, chunk_document(title, text), url="https://example.org/" + title
    )
    embed_builtin(PgVectors(sql, MODEL), tenant, document, change.added)
    return change


def ask(sql: Sql, tenant: UUID, question: str, external: External | None = None) -> Found:
    return retrieve(sql, PgVectors(sql, MODEL), tenant, question, external=external)


def filled(sql: Sql, tenant: UUID) -> None:
    for title, text in PAGES.items():
        add(sql, tenant, title, text)


def best(found: Found) -> str:
    return found.passages[0].candidate.title


def test_a_question_finds_its_page_and_its_sentence(sql: Sql, tenant: UUID) -> None:
    filled(sql, tenant)
    found = ask(sql, tenant, "Wann hat der Wertstoffhof samstags offen?")
    answer = extract_answer(found, "de")
    assert best(found) == "Wertstoffhof Pfaffengrund"
    assert answer.informed
    assert "von 8 bis 13 Uhr" in answer.text
    assert answer.citations[0].url == "https://example.org/Wertstoffhof Pfaffengrund"
    assert answer.citations[0].number == 1
    assert "[1]" in answer.text


def test_inflected_and_compound_words_are_found(sql: Sql, tenant: UUID) -> None:
    filled(sql, tenant)
    assert best(ask(sql, tenant, "Was kostet der Ausweis der Bibliotheken?")) == "Stadtbibliothek"
    assert best(ask(sql, tenant, "ELEKTROGERAETE Elektrogerät abgeben")) == "Wertstoffhof Pfaffengrund"
    assert best(ask(sql, tenant, "parkausweise für bewohner")) == "Anwohnerparken"


def test_what_the_documents_do_not_hold_is_said_honestly(sql: Sql, tenant: UUID) -> None:
    filled(sql, tenant)
    for question in (
        "Wie hoch ist der Mount Everest?",
        "Wer gewann die Fußball-Weltmeisterschaft 1974?",
        "Где находится музей?",
    ):
        answer = extract_answer(ask(sql, tenant, question), "en")
        assert not answer.informed
        assert answer.citations == ()
        assert answer.text == "I found no information about this in the city's documents."


def test_questions_without_words_or_without_documents_find_nothing(sql: Sql, tenant: UUID) -> None:
    assert ask(sql, tenant, "Wann öffnet das Bad?").passages == ()
    filled(sql, tenant)
    for question in (
        "",
        "???",
        "\x00",
        "\u202e",
        "' OR 1=1 --",
        "%(x)s :tenant $1 {}",
        "a" * 10_000,
        "wort " * 5_000,
    ):
        ask(sql, tenant, question.replace("\x00", ""))
    assert ask(sql, tenant, "?!").passages == ()


def test_indexing_twice_changes_nothing(sql: Sql, tenant: UUID) -> None:
    document = uuid4()
    assert len(add(sql, tenant, "Stadtbibliothek", PAGES["Stadtbibliothek"], document).added) == 1
    before = sql.run("SELECT term, chunks FROM terms ORDER BY term")
    again = add(sql, tenant, "Stadtbibliothek", PAGES["Stadtbibliothek"], document)
    assert (again.added, again.removed, again.kept) == ((), (), 1)
    assert sql.run("SELECT term, chunks FROM terms ORDER BY term") == before


def test_only_changed_chunks_are_embedded_again(sql: Sql, tenant: UUID) -> None:
    sections = [
        f"# Teil {n}\n\n" + f"Abschnitt {n} beschreibt die Gebühr Nummer {n} der Satzung. " * 9
        for n in range(6)
    ]
    document = uuid4()
    add(sql, tenant, "Satzung", "\n\n".join(sections), document)
    sections[3] = "# Teil 3\n\n" + "Dieser Abschnitt ist neu gefasst und nennt andere Beträge. " * 9
    change = add(sql, tenant, "Satzung", "\n\n".join(sections[1:]), document)
    assert (len(change.added), len(change.removed), change.kept) == (1, 2, 4)


def test_a_forgotten_document_leaves_no_trace(sql: Sql, tenant: UUID) -> None:
    document = uuid4()
    add(sql, tenant, "Tiergartenbad", PAGES["Tiergartenbad"], document)
    assert forget_document(sql, [PgVectors(sql, MODEL)], tenant, document) == 1
    for table in ("chunks", "terms", "postings", "vectors"):
        assert sql.run(f"SELECT count(*) FROM {table}") == [[0]]
    assert forget_document(sql, [PgVectors(sql, MODEL)], tenant, document) == 0


def test_another_tenant_finds_nothing(pool: Pool) -> None:
    mine, theirs = uuid4(), uuid4()
    sql = Sql(pool, mine)
    filled(sql, mine)
    sql.commit()
    with transaction(pool, theirs) as other:
        assert ask(other, theirs, "Wann öffnet das Freibad?").passages == ()
        assert ask(other, mine, "Wann öffnet das Freibad?").passages == ()
        assert other.run("SELECT count(*) FROM chunks") == [[0]]


def test_words_bring_a_chunk_that_no_vector_brings(sql: Sql, tenant: UUID) -> None:
    filled(sql, tenant)
    sql.run("DELETE FROM vectors")
    assert best(ask(sql, tenant, "Was kostet der Bewohnerparkausweis?")) == "Anwohnerparken"


def test_an_external_model_adds_what_words_do_not_find(sql: Sql, tenant: UUID) -> None:
    filled(sql, tenant)
    change = add(sql, tenant, "Hundesteuer", "Für jeden Vierbeiner zahlen Halter 108 Euro im Jahr.")
    external = PgVectors(sql, "other-model")
    others = [
        Vector(str(row[0]), [0.0, 1.0], {"document_id": "d"}) for row in sql.run("SELECT id FROM chunks")
    ]
    external.upsert(str(tenant), others)
    external.upsert(str(tenant), [Vector(str(change.added[0].id), [1.0, 0.0], {"document_id": "d"})])
    found = ask(sql, tenant, "собака налог", External(external.query(str(tenant), [0.9, 0.1], NEAREST)))
    assert best(found) == "Hundesteuer"


def test_the_index_is_used_under_row_level_security(pool: Pool) -> None:
    with superuser(pool.parameters["database"]) as owner:
        owner.run(
            "INSERT INTO postings SELECT gen_random_uuid(), g, gen_random_uuid() FROM generate_series(1, 20000) g"
        )
        owner.run("ANALYZE postings")
        try:
            with transaction(pool, uuid4()) as sql:
                plan = sql.run(
                    "EXPLAIN SELECT chunk_id FROM postings WHERE tenant_id = CAST(:t AS uuid) AND term = 5",
                    t=str(uuid4()),
                )
        finally:
            owner.run("TRUNCATE postings")
    assert "Index Only Scan" in str(plan)
