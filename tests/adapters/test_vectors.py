"""One contract for every vector store: pgvector behind row-level security, Pinecone through its SDK against a
local server.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import pytest
from aiohttp import web

from shared.adapters.vectors import Match, Vector, Vectors, VectorsUnavailable
from shared.adapters.vectors.pgvector import PgVectors
from shared.adapters.vectors.pinecone import PineconeVectors, connect
from shared.db.pg import Pool
from tests.chatbot.support import search_database, serving, transaction
from tooling.thirdparty.pinecone import Index, application

KEY = "a-local-key"


@dataclass(frozen=True)
class Store:
    """One kind of store: `open` gives it for a model, `tenants` are two namespaces of the test's own."""

    open: Callable[[str], Vectors]
    tenant: str
    other: str


@pytest.fixture(scope="session")
def vector_pool(worker_id: str, own_databases: None) -> Iterator[Pool]:
    with search_database(f"vectors_{worker_id}") as found:
        yield found


@pytest.fixture(scope="session")
def pinecone_host() -> Iterator[str]:
    with serving(application(KEY, Index())) as address:
        yield address


@contextmanager
def pinecone(host: str, model: str = "a", key: str = KEY) -> Iterator[PineconeVectors]:
    """The adapter on a connection of its own."""
    connect.cache_clear()
    index = connect(host, key)
    try:
        yield PineconeVectors(index, model)
    finally:
        index.close()
        connect.cache_clear()


@pytest.fixture(params=["pgvector", "pinecone"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    tenant, other = uuid4(), uuid4()
    if request.param == "pinecone":
        with pinecone(request.getfixturevalue("pinecone_host")) as vectors:
            yield Store(lambda model: PineconeVectors(vectors.index, model), str(tenant), str(other))
        return
    with transaction(request.getfixturevalue("vector_pool"), tenant) as sql:
        yield Store(lambda model: PgVectors(sql, model), str(tenant), str(other))


def vector(name: str, *values: float, document: str = "doc", **metadata: str | int) -> Vector:
    return Vector(name, values, {"document_id": document, **metadata})


NORTH, NEARLY_NORTH, EAST, SOUTH = (0.0, 2.0, 0.0), (0.2, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, -1.0, 0.0)


def ids(matches: list[Match]) -> list[str]:
    return [match.id for match in matches]


def test_the_nearest_come_first_with_their_cosine(store: Store) -> None:
    vectors = store.open("a")
    vectors.upsert(
        store.tenant,
        [vector("s", *SOUTH), vector("e", *EAST), vector("n", *NORTH), vector("nn", *NEARLY_NORTH)],
    )
    found = vectors.query(store.tenant, NORTH, 4)
    assert ids(found) == ["n", "nn", "e", "s"]
    assert [match.score for match in found] == pytest.approx([1.0, 0.9806, 0.0, -1.0], abs=0.002)
    assert ids(vectors.query(store.tenant, NORTH, 2)) == ["n", "nn"]


def test_an_upsert_replaces_and_may_come_twice(store: Store) -> None:
    vectors = store.open("a")
    for _ in range(2):
        vectors.upsert(store.tenant, [vector("x", *NORTH), vector("y", *EAST)])
    vectors.upsert(store.tenant, [vector("x", *SOUTH, document="new")])
    assert ids(vectors.query(store.tenant, SOUTH, 10)) == ["x", "y"]
    assert ids(vectors.query(store.tenant, SOUTH, 10, {"document_id": "new"})) == ["x"]


def test_a_namespace_sees_only_its_own(store: Store) -> None:
    vectors = store.open("a")
    vectors.upsert(store.tenant, [vector("x", *NORTH)])
    assert vectors.query(store.other, NORTH, 10) == []


def test_only_vectors_of_the_same_model_are_compared(store: Store) -> None:
    store.open("a").upsert(store.tenant, [vector("x", *NORTH)])
    store.open("b").upsert(store.tenant, [vector("y", *NORTH)])
    assert ids(store.open("a").query(store.tenant, NORTH, 10)) == ["x"]
    assert ids(store.open("b").query(store.tenant, NORTH, 10)) == ["y"]


def test_a_filter_is_equality_or_one_of_several(store: Store) -> None:
    vectors = store.open("a")
    vectors.upsert(
        store.tenant,
        [
            vector("x", *NORTH, language="de", year=2024),
            vector("y", *NEARLY_NORTH, language="en", year=2024),
            vector("z", *EAST, language="tr", year=2023),
        ],
    )
    assert ids(vectors.query(store.tenant, NORTH, 10, {"language": "en"})) == ["y"]
    assert ids(vectors.query(store.tenant, NORTH, 10, {"language": ["de", "tr"]})) == ["x", "z"]
    assert ids(vectors.query(store.tenant, NORTH, 10, {"year": 2024, "language": ["de", "tr"]})) == ["x"]
    assert vectors.query(store.tenant, NORTH, 10, {"missing": "de"}) == []


def test_deleting_by_id_and_by_document_leaves_the_rest(store: Store) -> None:
    vectors = store.open("a")
    rows = [
        vector("x", *NORTH, document="1"),
        vector("y", *NORTH, document="1"),
        vector("z", *NORTH, document="2"),
    ]
    vectors.upsert(store.tenant, rows)
    vectors.delete(store.tenant, ids=["x", "never there"])
    assert sorted(ids(vectors.query(store.tenant, NORTH, 10))) == ["y", "z"]
    for _ in range(2):
        vectors.delete(store.tenant, document_id="1")
    assert ids(vectors.query(store.tenant, NORTH, 10)) == ["z"]


def test_what_is_not_there_is_no_error(store: Store) -> None:
    vectors = store.open("a")
    vectors.upsert(store.tenant, [])
    vectors.delete(store.tenant, ids=["x"], document_id="never there")
    assert vectors.query(store.tenant, NORTH, 3) == []


def test_more_vectors_than_one_request_holds(store: Store) -> None:
    vectors = store.open("a")
    vectors.upsert(store.tenant, [vector(f"v{n:03}", 1.0, n / 100, 0.0) for n in range(130)])
    assert ids(vectors.query(store.tenant, (1.0, 0.0, 0.0), 2)) == ["v000", "v001"]
    assert len(vectors.query(store.tenant, (1.0, 0.0, 0.0), 500)) == 130


def test_hostile_metadata_and_ids_stay_data(store: Store) -> None:
    vectors = store.open("a'; DROP TABLE vectors; --")
    name = "x'\"; DELETE FROM vectors; --:tenant"
    vectors.upsert(store.tenant, [vector(name, *NORTH, document="d'oc\"", note="{} %s :x $1")])
    assert ids(vectors.query(store.tenant, NORTH, 5, {"note": "{} %s :x $1"})) == [name]
    vectors.delete(store.tenant, document_id="d'oc\"")
    assert vectors.query(store.tenant, NORTH, 5) == []


def test_models_of_different_dimensions_live_in_one_postgres_table(vector_pool: Pool) -> None:
    tenant = uuid4()
    with transaction(vector_pool, tenant) as sql:
        for dimensions in (3, 1024, 1536, 3072):
            PgVectors(sql, f"model-{dimensions}").upsert(
                str(tenant), [vector(f"v{dimensions}", *[1.0] * dimensions)]
            )
        for dimensions in (3, 1024, 1536, 3072):
            found = PgVectors(sql, f"model-{dimensions}").query(str(tenant), [1.0] * dimensions, 5)
            assert ids(found) == [f"v{dimensions}"]


def test_postgres_refuses_what_is_no_vector(vector_pool: Pool) -> None:
    tenant = uuid4()
    with transaction(vector_pool, tenant) as sql:
        for values in ((), (float("nan"),), (float("inf"), 1.0), (1.0,) * 4001):
            with pytest.raises(ValueError, match="vector"):
                PgVectors(sql, "a").upsert(str(tenant), [vector("x", *values)])


def test_row_level_security_refuses_another_tenants_namespace(vector_pool: Pool) -> None:
    mine, theirs = uuid4(), uuid4()
    written(vector_pool, theirs, vector("secret", *NORTH))
    with transaction(vector_pool, mine) as sql:
        assert PgVectors(sql, "a").query(str(theirs), NORTH, 5) == []
        PgVectors(sql, "a").delete(str(theirs), document_id="doc")
    with transaction(vector_pool, theirs) as sql:
        assert ids(PgVectors(sql, "a").query(str(theirs), NORTH, 5)) == ["secret"]


def written(pool: Pool, tenant: UUID, *vectors: Vector) -> None:
    from shared.db.sql import Sql

    sql = Sql(pool, tenant)
    PgVectors(sql, "a").upsert(str(tenant), vectors)
    sql.commit()


def test_pinecone_with_a_wrong_key_is_unavailable(pinecone_host: str) -> None:
    with pinecone(pinecone_host, key="another-key") as vectors:
        for attempt in (
            lambda: vectors.query("t", NORTH, 1),
            lambda: vectors.upsert("t", [vector("x", *NORTH)]),
            lambda: vectors.delete("t", ids=["x"]),
        ):
            with pytest.raises(VectorsUnavailable):
                attempt()


@pytest.mark.parametrize("kind", ["refuse", "status", "truncate", "garbage", "wrong_type", "empty_ok"])
def test_pinecone_that_is_broken_or_gone_is_unavailable(kind: str) -> None:
    with serving(application(KEY, Index())) as address:
        httpx.post(f"{address}/_faults", json={"kind": kind, "times": 100})
        with pinecone(address) as vectors, pytest.raises(VectorsUnavailable):
            vectors.query("t", NORTH, 1)
    with pinecone(address) as vectors, pytest.raises(VectorsUnavailable):
        vectors.query("t", NORTH, 1)


def test_pinecone_answering_nonsense_is_unavailable() -> None:
    async def nonsense(_request: web.Request) -> web.Response:
        return web.json_response({"matches": "none"})

    app = web.Application()
    app.router.add_post("/query", nonsense)
    with serving(app) as address, pinecone(address) as vectors, pytest.raises(VectorsUnavailable):
        vectors.query("t", NORTH, 1)


def test_pinecone_refuses_a_vector_of_another_dimension(pinecone_host: str) -> None:
    with pinecone(pinecone_host) as vectors:
        vectors.upsert("dimension", [vector("x", *NORTH)])
        with pytest.raises(VectorsUnavailable):
            vectors.upsert("dimension", [vector("y", 1.0, 0.0)])


def test_a_tenant_can_be_forgotten_as_a_whole_and_the_others_stay(store: Store) -> None:
    for model in ("a", "b"):
        store.open(model).upsert(store.tenant, [vector("x", *NORTH), vector("y", *EAST, document="other")])
    for _ in range(2):
        store.open("a").forget(store.tenant)
    assert [store.open(model).query(store.tenant, NORTH, 10) for model in ("a", "b")] == [[], []]
    store.open("a").forget(store.other)
