"""What only the relay role may ask: which cities have messages that wait."""
from datetime import datetime
from functools import lru_cache

from shared.context import Context
from shared.pg import Pool
from shared.settings import settings
from shared.sql import Sql

WAITING = "SELECT DISTINCT tenant_id::text FROM deliveries WHERE state = 'deferred' AND due_at <= :now ORDER BY 1"


@lru_cache
def pool(database: str) -> Pool:
    """The relay role's connections."""
    config = settings()
    return Pool(database, config.postgres_relay, config.postgres_relay_password.get_secret_value())


def cities_with_due_messages(ctx: Context, now: datetime) -> list[str]:
    """The ids of cities where a message's time has come."""
    sql = Sql(pool(ctx.record.database), ctx.tenant.id, read_only=True)
    try:
        return [row[0] for row in sql.run(WAITING, now=now)]
    finally:
        sql.release()
