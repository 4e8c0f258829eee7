"""What the chatbot's tests share."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from shared.db.pg import Pool
from shared.db.sql import Sql
from tests.chatbot.support import search_database, transaction


@pytest.fixture(scope="session")
def pool(worker_id: str, own_databases: None) -> Iterator[Pool]:
    with search_database(f"chatbot_search_{worker_id}") as found:
        yield found


@pytest.fixture
def tenant() -> UUID:
    return uuid4()


@pytest.fixture
def sql(pool: Pool, tenant: UUID) -> Iterator[Sql]:
    with transaction(pool, tenant) as unit:
        yield unit
