"""A city that is deleted leaves no vector and no document anywhere."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from functions.chatbot.documents.delete_document import delete_document
from functions.chatbot.outside_data import forget_tenant
from shared.adapters import storage
from shared.adapters.vectors import Vector, open_vectors
from shared.adapters.vectors.pgvector import PgVectors
from shared.adapters.vectors.pinecone import PineconeVectors, connect
from shared.context import Context
from shared.function import record_of
from tests.adapters.conftest import servers, thirdparty
from tests.adapters.running import ThirdParties
from tests.adapters.test_vectors import KEY, pinecone_host
from tests.support import City
from tooling.stack.environment import entered

__all__ = ["pinecone_host", "servers", "thirdparty"]
PLACE = [1.0] * 1536


@pytest.fixture(params=["pgvector", "pinecone"])
def context(
    request: pytest.FixtureRequest, thirdparty: ThirdParties, pinecone_host: str, city: City
) -> Iterator[Context]:
    """A call in a city whose vectors are kept in this kind of store."""
    keys = {"PINECONE_API_KEY": KEY, "PINECONE_HOST": pinecone_host} if request.param == "pinecone" else {}
    with entered(thirdparty.environment() | keys):
        ctx = Context(record_of(delete_document), city.tenant)
        yield ctx
        ctx.abandon()
        if keys:
            connect(pinecone_host, KEY).close()
            connect.cache_clear()


def test_vectors_and_originals_of_this_city_are_gone_and_no_others(
    context: Context, other_city: City
) -> None:
    city_id, store = context.tenant.id, open_vectors(context.sql, "a-model")
    store.upsert(str(city_id), [Vector("v", PLACE, {"document_id": str(uuid4())})])
    before = len(store.query(str(city_id), PLACE, 10))
    context.finish()
    for tenant, key in (
        (city_id, "documents/a/original"),
        (city_id, "media/b/picture.png"),
        (other_city.id, "documents/c/original"),
    ):
        storage.put(tenant, key, b"x")
    assert isinstance(store, PineconeVectors if context.settings.pinecone_host else PgVectors)
    for _ in range(2):
        forget_tenant(context)
    assert (before, open_vectors(context.sql, "a-model").query(str(city_id), PLACE, 10)) == (1, [])
    assert list(storage.keys(city_id)) == ["media/b/picture.png"]
    assert list(storage.keys(other_city.id)) == ["documents/c/original"]


def test_where_nothing_was_ever_kept_there_is_nothing_to_forget(context: Context) -> None:
    forget_tenant(context)
    assert list(storage.keys(context.tenant.id)) == []
