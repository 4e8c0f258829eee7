"""What only the relay role may ask of the users' database: about whom, in any city, something has to be done now."""
from functools import lru_cache
from typing import Any

from shared.context import Context
from shared.pg import Pool, Row
from shared.settings import settings
from shared.sql import Sql


@lru_cache
def pool(database: str) -> Pool:
    """The relay role's connections."""
    config = settings()
    return Pool(database, config.postgres_relay, config.postgres_relay_password.get_secret_value())


def due(ctx: Context, question: str, **values: Any) -> list[Row]:
    """Rows of all cities; a table's policy `due` says which of them the relay role sees."""
    sql = Sql(pool(ctx.record.database), ctx.tenant.id, read_only=True)
    try:
        return sql.run(question, **values)
    finally:
        sql.release()
